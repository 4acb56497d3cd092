"""Dots and names of classes in lines to be read from left to right."""

import math
from collections.abc import Sequence
from itertools import chain

import numpy as np
from matplotlib.figure import Figure

from pipeline.figures.kit.classes import fitting_classes
from pipeline.figures.kit.legend import legend_handles, legend_look
from pipeline.figures.kit.style import DPI, SMALL

DOT_WIDTH = 37  # pixels of a dot with its room
LINE_HEIGHT = 19  # pixels
LINES = 5  # at most
INDENT = 9  # pixels that matplotlib leaves in front of a dot


class ClassLegend:
    """A legend as wide as its place; it has no lines where there is a single class.

    Args:
        labels: of the points, integers [N], indices into class_names.
        class_names: one a class; where they are more than fit, the most frequent are named and the others counted.
        width: of the place, pixels.

    Attributes:
        width, height: what it takes, pixels.
    """

    def __init__(self, labels: np.ndarray, class_names: Sequence[str], width: int) -> None:
        self.classes = fitting_classes(
            labels, class_names, SMALL, lambda widest: LINES * max(1, width // (DOT_WIDTH + widest))
        )
        entry = DOT_WIDTH + self.classes.widest(SMALL)
        count = len(self.classes.entries)
        lines = math.ceil(count / max(1, width // entry))
        self.columns = math.ceil(count / max(1, lines))
        self.width = self.columns * entry
        self.height = LINE_HEIGHT * lines if count > 1 else 0

    def draw(self, figure: Figure, left: int, top: int) -> None:
        """Draw it with its upper left corner at these pixels of the figure."""
        if not self.height:
            return
        width, height = figure.get_size_inches() * DPI
        handles = legend_handles(self.classes)
        by_column = list(chain(*(handles[column :: self.columns] for column in range(self.columns))))
        corner = ((left - INDENT) / width, 1 - top / height)
        figure.legend(
            handles=by_column, ncols=self.columns, loc="upper left", bbox_to_anchor=corner, **legend_look(SMALL)
        )
