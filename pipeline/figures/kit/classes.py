"""The classes that a figure tells by name: all, or of very many the most frequent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.figures.kit.canvas import text_width
from pipeline.figures.kit.fonts import drawables
from pipeline.figures.kit.style import class_colors

ALL = 60  # up to so many classes are all named
OF_MORE = 20  # of more than that, so many are named
NAME_CELLS = 28  # of a name; the middle of a longer one is left out
BRIEF_CELLS = 14  # of a name where room is short


@dataclass(frozen=True, eq=False)
class Classes:
    """Classes in the order of the data.

    Attributes:
        labels: indices of those that are named, [K], ascending.
        names: of each, as it is drawn.
        colors: of each, RGB [K, 3] in [0, 1].
        others: how many classes there are without a name.
    """

    labels: np.ndarray
    names: list[str]
    colors: np.ndarray
    others: int

    @property
    def entries(self) -> list[str]:
        """What a legend says: the names, and how many others there are."""
        return [*self.names, f"… and {self.others:,} more"] if self.others else self.names

    def widest(self, size: float) -> int:
        """Pixels of the longest entry at this font size."""
        return max((text_width(entry, size) for entry in self.entries), default=0)

    def among(self, labels: np.ndarray) -> "Classes":
        """Those of the classes that some of the labels [N] have; classes without a name count no longer."""
        there = np.flatnonzero(np.isin(self.labels, labels))
        return Classes(self.labels[there], [self.names[place] for place in there], self.colors[there], 0)

    def __len__(self) -> int:
        return len(self.names)


def named_classes(
    labels: np.ndarray, class_names: Sequence[str], most: int | None = None, longest: int = NAME_CELLS
) -> Classes:
    """The classes that a figure names: of more than fit those with the most points, of equals the first.

    Args:
        labels: of the points, integers [N], indices into class_names.
        most: of them, if the figure has a limit of its own.
        longest: cells of a name.
    """
    count = len(class_names)
    most = most or (ALL if count <= ALL else OF_MORE)
    points = np.bincount(labels, minlength=count)
    named = np.sort(np.argsort(-points, kind="stable")[:most])
    names = drawables([class_names[label] for label in named], longest)
    return Classes(named, names, class_colors(count)[named], count - len(named))


def fitting_classes(labels: np.ndarray, class_names: Sequence[str], size: float, room: Callable[[int], int]) -> Classes:
    """The classes that a legend has room for: their names are shortened before classes are left out.

    Args:
        labels: of the points, integers [N], indices into class_names.
        class_names: one a class.
        size: font size of the legend, points.
        room: how many entries fit, by the pixels of the widest one.
    """
    for longest in (NAME_CELLS, BRIEF_CELLS):
        classes = named_classes(labels, class_names, longest=longest)
        places = room(classes.widest(size))
        if len(classes.entries) <= places:
            return classes
    return named_classes(labels, class_names, max(1, places - 1), BRIEF_CELLS)
