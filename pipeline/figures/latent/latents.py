"""Where the posterior means of labelled images lie: the figure and the card."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.figures.kit.canvas import EDGE, TOP, blank, figure_pixels, place, write_title
from pipeline.figures.kit.classes import Classes, fitting_classes
from pipeline.figures.kit.legend import LegendColumns, legend_handles, legend_look
from pipeline.figures.kit.limits import Limits, inside, square_limits
from pipeline.figures.kit.style import INK, MUTED, SMALL, TEXT
from pipeline.figures.latent.densities import draw_densities
from pipeline.figures.latent.labelled_points import LabelledPoints
from pipeline.figures.latent.scatter import FEW, draw_scatter

PLOT = 760  # pixels, the side of the figure's axes
CARD = 448  # pixels, the side of a card
ROWS, DOT = 5, 24  # lines of legend under a card at most, and pixels of a dot in it
CARD_POINTS = 2000  # more would cost time that the eye does not repay


def latent(points: LabelledPoints, title: str = "Posterior means by class") -> Figure:
    """Posterior means as a scatter through two coordinates, or as one density a class along a single coordinate."""
    legend = LegendColumns(points.legend_labels, points.class_names, PLOT)
    left = 66 if points.dimensions == 2 else 36 + points.classes.widest(TEXT)
    figure = blank(EDGE + left + PLOT + legend.width + EDGE, TOP + PLOT + 64)
    axes = place(figure, EDGE + left, TOP, PLOT, PLOT)
    draw_points(axes, points, square_limits(points.points), text=TEXT)
    write_title(axes, title)
    _name_axes(axes, points.axis_names(), TEXT)
    if points.dimensions == 1:
        axes.set_ylabel("density, each class scaled to its own peak", fontsize=SMALL, color=MUTED)
    legend.draw(axes)
    return figure


def latent_card(points: LabelledPoints) -> np.ndarray:
    """The same picture as a card, uint8 [448, 448, 3], of at most 2,000 points."""
    points = points.take(slice(None, None, math.ceil(len(points) / CARD_POINTS) or 1))
    classes = _card_classes(points)
    rows = _legend_rows(classes) if len(points.legend_labels) else 0
    figure = blank(CARD, CARD)
    axes = _card_axes(figure, classes, rows, points.dimensions)
    draw_points(axes, points, square_limits(points.points), text=SMALL)
    _name_axes(axes, points.axis_names(), SMALL)
    if rows:
        handles, columns = legend_handles(classes), math.ceil(len(classes.entries) / rows)
        figure.legend(handles=handles, ncols=columns, loc="lower center", **legend_look(SMALL))
    return figure_pixels(figure)


def _card_classes(points: LabelledPoints) -> Classes:
    """The classes that stand in lines under a card; beside densities all that are drawn."""
    if points.dimensions == 1:
        return points.classes
    return fitting_classes(
        points.labels, points.class_names, SMALL, lambda widest: ROWS * max(1, CARD // (widest + DOT))
    )


def _legend_rows(classes: Classes) -> int:
    """Lines of legend under a card; many classes have none, their names stand among the points."""
    if len(classes) + classes.others > FEW:
        return 0
    return math.ceil(len(classes.entries) / max(1, CARD // (classes.widest(SMALL) + DOT)))


def _card_axes(figure: Figure, classes: Classes, rows: int, dimensions: int) -> Axes:
    """Axes over what a card has left beside its labels and legend: a centred square for a scatter."""
    left = 48 if dimensions == 2 else 16 + classes.widest(SMALL)
    width, height = CARD - left - 10, CARD - 10 - 44 - 19 * rows
    if dimensions == 2:
        left, width = left + (width - height) // 2 if rows else left, height
    return place(figure, left, 10, width, height)


def draw_points(axes: Axes, points: LabelledPoints, limits: Limits, *, text: float) -> None:
    """Points on axes, as a scatter or as densities, with a note on what is left out: points by limits, and classes."""
    finite = points.take(points.is_finite)
    axes.tick_params(labelsize=text)
    if points.dimensions == 2:
        draw_scatter(axes, finite, limits, text=text + 2)
    else:
        draw_densities(axes, finite, limits, text=text)
    hidden = len(points) - int(inside(finite.points, limits).sum())
    classes = not_shown(finite.classes) if points.dimensions == 1 else []
    write_notes(axes, [*classes, *([f"{hidden:,} of {len(points):,} points not shown"] if hidden else [])], text)


def not_shown(classes: Classes) -> list[str]:
    """A note on the classes that have no line of their own, if there are such."""
    return [f"{classes.others:,} more classes not shown"] if classes.others else []


def write_notes(axes: Axes, notes: Sequence[str], text: float) -> None:
    """Lines in the lower right corner, over whatever is there."""
    if notes:
        beneath = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2}
        where: dict[str, Any] = {"transform": axes.transAxes, "ha": "right", "va": "bottom", "bbox": beneath}
        axes.text(0.99, 0.01, "\n".join(notes), fontsize=text, color=MUTED, zorder=99, **where)


def _name_axes(axes: Axes, names: Sequence[str], text: float) -> None:
    axes.set_xlabel(names[0], fontsize=text, color=INK, labelpad=2)
    if len(names) == 2:
        axes.set_ylabel(names[1], fontsize=text, color=INK, labelpad=2)
