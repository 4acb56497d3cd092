"""Names of classes beside dots in their colours: how every legend of them looks, and one in columns."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pipeline.figures.canvas import text_width
from pipeline.figures.style import INK, TEXT, class_colors

DOT, LINE = 50, 24  # pixels of a dot with its room, and of a line


@dataclass(frozen=True)
class LegendColumns:
    """A legend right of axes, in as few columns as keep to their height; without names it takes no room.

    Attributes:
        class_names: one a class.
        height: that it may take, pixels.
    """

    class_names: Sequence[str]
    height: int

    @property
    def width(self) -> int:
        """Pixels that it takes."""
        return self._count * (DOT + max((text_width(name, TEXT) for name in self.class_names), default=0))

    def draw(self, axes: Axes) -> None:
        """Draw it beside these axes, from their upper end down."""
        if self.class_names:
            beside: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.01)}
            axes.legend(handles=legend_handles(self.class_names), ncols=self._count, **beside, **legend_look(TEXT))

    @property
    def _count(self) -> int:
        return math.ceil(len(self.class_names) / (self.height // LINE))


def names_in_legend(points: np.ndarray, labels: np.ndarray, class_names: Sequence[str]) -> Sequence[str]:
    """The names that a legend of points [..., 1 or 2] tells: none of densities, which bear theirs, or of one class."""
    return class_names if points.shape[-1] == 2 and len(np.unique(labels)) > 1 else []


def legend_handles(class_names: Sequence[str]) -> list[Line2D]:
    """A coloured dot and a name for each class."""
    pairs = zip(class_names, class_colors(len(class_names)), strict=True)
    return [Line2D([], [], linestyle="", marker="o", markersize=5, color=tuple(c), label=name) for name, c in pairs]


def legend_look(text: float) -> dict[str, Any]:
    """How every legend of class names looks."""
    close = {"handletextpad": 0.1, "columnspacing": 0.8, "borderaxespad": 0.2}
    return {"frameon": False, "fontsize": text, "labelcolor": INK, **close}
