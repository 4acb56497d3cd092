"""Names of classes beside dots in their colours: in columns right of axes, or in lines under them."""

import math
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pipeline.figures.kit.classes import fitting_classes
from pipeline.figures.kit.style import DPI, INK, SMALL, TEXT

COLUMN_DOT = 50  # pixels of a dot with its room, in columns
COLUMN_LINE = 24  # pixels of a line, in columns
COLUMNS_WIDTH = 640  # pixels that several columns may take together
LINE_DOT = 37  # pixels of a dot with its room, in lines
LINE_HEIGHT = 19  # pixels of a line
LINES = 5  # at most
INDENT = 9  # pixels that matplotlib leaves in front of a dot


class _Legend:
    """The classes that fit into so many columns and lines; of more, the most frequent are named, the others counted."""

    def __init__(self, labels: np.ndarray, class_names: Sequence[str], text: float, dot: int, place: tuple[int, int]):
        width, lines = place
        self.text = text
        self.classes = fitting_classes(
            labels, class_names, text, lambda widest: lines * max(1, width // (dot + widest))
        )
        self.count = len(self.classes.entries)
        self.entry_width = dot + self.classes.widest(text)

    def handles(self) -> list[Line2D]:
        """A coloured dot and a name for each class; no dot before how many others there are."""
        colors: list[Any] = [*map(tuple, self.classes.colors), INK]
        markers = ["o"] * len(self.classes) + ["none"]
        return [
            Line2D([], [], linestyle="", marker=marker, markersize=5, color=color, label=entry)
            for entry, color, marker in zip(self.classes.entries, colors, markers, strict=False)
        ]

    def look(self) -> dict[str, Any]:
        """How every legend of class names looks."""
        close = {"handletextpad": 0.1, "columnspacing": 0.8, "borderaxespad": 0.2}
        return {"frameon": False, "loc": "upper left", "fontsize": self.text, "labelcolor": INK, **close}


class LegendColumns(_Legend):
    """A legend right of axes, in as few columns as keep to their height; without names it takes no room.

    Args:
        labels: of the points, integers [N], indices into class_names.
        class_names: one a class.
        height: that it may take, pixels.

    Attributes:
        width: that it takes, pixels.
    """

    def __init__(self, labels: np.ndarray, class_names: Sequence[str], height: int) -> None:
        lines = height // COLUMN_LINE
        super().__init__(labels, class_names if len(labels) else [], TEXT, COLUMN_DOT, (COLUMNS_WIDTH, lines))
        self.columns = math.ceil(self.count / lines)
        self.width = self.columns * self.entry_width

    def draw(self, axes: Axes) -> None:
        """Draw it beside these axes, from their upper end down."""
        if self.width:
            axes.legend(handles=self.handles(), ncols=self.columns, bbox_to_anchor=(1.0, 1.01), **self.look())


class LegendLines(_Legend):
    """A legend as wide as its place, to be read line by line; it has no lines where there is a single class.

    Args:
        labels: of the points, integers [N], indices into class_names.
        class_names: one a class.
        width: of the place, pixels.

    Attributes:
        width, height: that it takes, pixels.
    """

    def __init__(self, labels: np.ndarray, class_names: Sequence[str], width: int) -> None:
        super().__init__(labels, class_names, SMALL, LINE_DOT, (width, LINES))
        lines = max(1, math.ceil(self.count / max(1, width // self.entry_width)))
        self.columns = math.ceil(self.count / lines)
        self.width = self.columns * self.entry_width
        self.height = LINE_HEIGHT * lines if self.count > 1 else 0

    def draw(self, figure: Figure, left: int, top: int) -> None:
        """Draw it with its upper left corner at these pixels of the figure."""
        if self.height:
            width, height = figure.get_size_inches() * DPI
            handles = self.handles()  # matplotlib fills column by column
            by_column = list(chain(*(handles[column :: self.columns] for column in range(self.columns))))
            corner = ((left - INDENT) / width, 1 - top / height)
            figure.legend(handles=by_column, ncols=self.columns, bbox_to_anchor=corner, **self.look())
