"""Names of classes beside dots in their colours: how every legend of them looks, and one in columns."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pipeline.figures.kit.classes import Classes, fitting_classes
from pipeline.figures.kit.style import INK, TEXT

DOT_WIDTH = 50  # pixels of a dot with its room
LINE_HEIGHT = 24  # pixels
COLUMNS_WIDTH = 640  # pixels that several columns may take together


class LegendColumns:
    """A legend right of axes, in as few columns as keep to their height; without names it takes no room.

    Args:
        labels: of the points, integers [N], indices into class_names.
        class_names: one a class; where they are more than fit, the most frequent are named and the others counted.
        height: that it may take, pixels.
    """

    def __init__(self, labels: np.ndarray, class_names: Sequence[str], height: int) -> None:
        lines = height // LINE_HEIGHT
        shown = class_names if len(labels) else []
        self.classes = fitting_classes(
            labels, shown, TEXT, lambda widest: lines * max(1, COLUMNS_WIDTH // (DOT_WIDTH + widest))
        )
        self.columns = math.ceil(len(self.classes.entries) / lines)
        self.width = self.columns * (DOT_WIDTH + self.classes.widest(TEXT))

    def draw(self, axes: Axes) -> None:
        """Draw it beside these axes, from their upper end down."""
        if self.width:
            beside: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.01)}
            axes.legend(handles=legend_handles(self.classes), ncols=self.columns, **beside, **legend_look(TEXT))


def legend_handles(classes: Classes) -> list[Line2D]:
    """A coloured dot and a name for each class; no dot before how many others there are."""
    look: dict[str, Any] = {"linestyle": "", "markersize": 5}
    colors = [tuple(color) for color in classes.colors]
    dots = [
        Line2D([], [], marker="o", color=color, label=name, **look)
        for name, color in zip(classes.names, colors, strict=True)
    ]
    others = classes.entries[len(dots) :]
    return dots + [Line2D([], [], marker="none", label=entry, **look) for entry in others]


def legend_look(text: float) -> dict[str, Any]:
    """How every legend of class names looks."""
    close = {"handletextpad": 0.1, "columnspacing": 0.8, "borderaxespad": 0.2}
    return {"frameon": False, "fontsize": text, "labelcolor": INK, **close}
