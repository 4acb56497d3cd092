"""Where the posterior means of labelled images lie: the figure and the card."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.figures.kit.canvas import EDGE, TOP, blank, place, rendered, text_width, within, write_title
from pipeline.figures.kit.legend import LegendColumns, LegendLines
from pipeline.figures.kit.limits import Limits, square_limits
from pipeline.figures.kit.style import MUTED, SMALL, TEXT
from pipeline.figures.latent.labelled_points import LabelledPoints
from pipeline.figures.latent.panel import draw_points, name_axes
from pipeline.figures.latent.scatter import FEW

PLOT_SIDE = 760  # pixels of the figure's square axes
CARD_SIDE = 448  # pixels
CARD_EDGE = 10  # pixels of paper around a card
CARD_FOOT = 44  # pixels under them, for the numbers and the name of the horizontal axis
CARD_NAME = 24  # pixels beside them at which the name of the vertical axis ends, and its numbers may begin
CARD_POINTS = 2000  # more would cost time that the eye does not repay


def latent_space(points: LabelledPoints) -> Figure:
    """Posterior means as a scatter through two coordinates, or as one density a class along a single coordinate."""
    legend = LegendColumns(points.legend_labels, points.class_names, PLOT_SIDE)
    left = EDGE + (66 if points.dimensions == 2 else 36 + points.classes.widest(TEXT))
    figure = blank(left + PLOT_SIDE + legend.width + EDGE, TOP + PLOT_SIDE + 64)
    axes = place(figure, left, TOP, PLOT_SIDE, PLOT_SIDE)
    draw_points(axes, points, square_limits(points.points), text=TEXT)
    write_title(axes, "Posterior means by class")
    name_axes(axes, points.axis_names(), TEXT)
    if points.dimensions == 1:
        axes.set_ylabel("density, each class scaled to its own peak", fontsize=SMALL, color=MUTED)
    legend.draw(axes)
    return figure


def latent_card(points: LabelledPoints) -> np.ndarray:
    """The same as a card, uint8 [S, S, 3] with S = 448 pixels, of at most 2,000 points.

    Very many classes have no legend, as their names stand among the points.
    """
    points = points.take(slice(None, None, math.ceil(len(points) / CARD_POINTS) or 1))
    explained = points.legend_labels if len(points.class_names) <= FEW else points.labels[:0]
    legend = LegendLines(explained, points.class_names if len(explained) else [], CARD_SIDE)
    figure = blank(CARD_SIDE, CARD_SIDE)
    height = CARD_SIDE - CARD_EDGE - CARD_FOOT - legend.height
    limits = square_limits(points.points)
    axes = place(figure, CARD_EDGE, CARD_EDGE, height, height)
    left = _room_for_numbers(axes, limits) if points.dimensions == 2 else 16 + points.classes.widest(SMALL)
    width = CARD_SIDE - CARD_EDGE - left
    if points.dimensions == 2:
        width = height = min(width, height)
        left = CARD_SIDE - CARD_EDGE - width
    axes.set_position(within(figure, left, CARD_EDGE, width, height))
    draw_points(axes, points, limits, text=SMALL)
    name_axes(axes, points.axis_names(), SMALL)
    axes.yaxis.set_label_coords((CARD_NAME - left) / width, 0.5)
    legend.draw(figure, (CARD_SIDE - legend.width) // 2, CARD_SIDE - legend.height - CARD_EDGE)
    return rendered(figure)


def _room_for_numbers(axes: Axes, limits: Limits) -> int:
    """Pixels that the numbers at the vertical axis of a card take, with its name."""
    axes.set_ylim(limits[1])
    axes.ticklabel_format(useOffset=False)
    numbers = axes.yaxis.get_major_formatter().format_ticks(axes.get_yticks().tolist())
    return CARD_NAME + max(text_width(each, SMALL) for each in numbers) + 10
