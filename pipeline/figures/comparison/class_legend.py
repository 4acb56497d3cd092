"""Dots and names of classes in lines to be read from left to right."""

import math
from collections.abc import Sequence
from itertools import chain

from matplotlib.figure import Figure

from pipeline.figures.canvas import text_width
from pipeline.figures.legend import legend_handles, legend_look
from pipeline.figures.style import DPI, SMALL

DOT, LINE, LINES = 37, 19, 5  # pixels of a dot with its room, and of a line; lines at most
INDENT = 9  # pixels that matplotlib leaves in front of a dot


class ClassLegend:
    """A legend as wide as its place; it has no lines where there is a single class, or too many for the place.

    Args:
        class_names: one a class.
        width: of the place, pixels.

    Attributes:
        width, height: what it takes, pixels.
    """

    def __init__(self, class_names: Sequence[str], width: int) -> None:
        self.class_names = class_names
        entry = DOT + max(text_width(name, SMALL) for name in class_names)
        lines = math.ceil(len(class_names) / max(1, width // entry))
        self.columns = math.ceil(len(class_names) / lines)
        shown = lines <= LINES and len(class_names) > 1
        self.width, self.height = self.columns * entry, LINE * lines if shown else 0

    def draw(self, figure: Figure, left: int, top: int) -> None:
        """Draw it with its upper left corner at these pixels of the figure."""
        if not self.height:
            return
        width, height = figure.get_size_inches() * DPI
        handles = legend_handles(self.class_names)
        by_column = list(chain(*(handles[column :: self.columns] for column in range(self.columns))))
        corner = ((left - INDENT) / width, 1 - top / height)
        figure.legend(
            handles=by_column, ncols=self.columns, loc="upper left", bbox_to_anchor=corner, **legend_look(SMALL)
        )
