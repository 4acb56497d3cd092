"""Where the coordinates of a decoded plane lie among the posterior means, beside what they decode to."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from pipeline.figures.images.decoded import coordinates_room, plane_image, write_coordinates
from pipeline.figures.images.decoded_plane import DecodedPlane
from pipeline.figures.kit.canvas import EDGE, TOP, headed, place, place_image, text_width
from pipeline.figures.kit.legend import LegendColumns
from pipeline.figures.kit.limits import square_limits
from pipeline.figures.kit.style import DPI, INK, TEXT
from pipeline.figures.latent.densities_and_row import densities_and_row
from pipeline.figures.latent.labelled_points import LabelledPoints
from pipeline.figures.latent.panel import draw_points

LEAST_HEIGHT = 480  # pixels of the scatter where a plane is low
PANEL_HEAD = 26  # pixels above a panel
PANEL_LEFT = 66  # pixels left of a panel
PANEL_FOOT = 56  # pixels below a panel
PANEL_GAP = 28  # pixels between the two panels
CROSS = (4.0, 10.0)  # pixels of the smallest and of the largest cross
POINTS_HEADING = "Posterior means by class; crosses: the coordinates decoded"
PLANE_HEADING = "Decoded at the crosses"
TITLE = "The latent space and what it decodes to"


def scatter_and_plane(plane: DecodedPlane, points: LabelledPoints) -> Figure:
    """Posterior means with the coordinates of a plane as crosses and, as high beside them, the decoded plane.

    Where the points lie on a line, their densities stand above the one row that is decoded.
    """
    if points.dimensions == 1:
        return densities_and_row(plane, points, f"{TITLE}{plane.as_class}")
    image, *tile = plane_image(plane)
    side = max(len(image), LEAST_HEIGHT)
    top = TOP + PANEL_HEAD
    legend = LegendColumns(points.legend_labels, points.class_names, side)
    plane_left = EDGE + PANEL_LEFT + side + legend.width + PANEL_GAP + coordinates_room(plane.y)
    heading = f"{PLANE_HEADING}{plane.as_class}"
    width = plane_left + max(image.shape[1], text_width(heading, TEXT)) + EDGE
    figure = headed(TITLE, width, top + side + PANEL_FOOT)
    scatter = place(figure, EDGE + PANEL_LEFT, top, side, side)
    _draw_crossed(scatter, points, np.stack(np.meshgrid(plane.x, plane.y), axis=-1).reshape(-1, 2))
    _name(scatter, POINTS_HEADING, points.axis_names())
    legend.draw(scatter)
    tiles = place_image(figure, image, plane_left, top + (side - len(image)) // 2)
    write_coordinates(tiles, plane.x, plane.y, (tile[0], tile[1]))
    _name(tiles, heading, plane.axis_names)
    return figure


def _draw_crossed(axes: Axes, points: LabelledPoints, crosses: np.ndarray) -> None:
    """The points, and over them the crosses [K, 2], small enough to stay apart; the limits hold both."""
    limits = square_limits(np.concatenate([points.points, crosses]))
    draw_points(axes, points, limits, text=TEXT)
    pixels = axes.get_window_extent().width / (limits[0][1] - limits[0][0])
    apart = pixels * min(np.diff(np.unique(column)).min(initial=np.inf) for column in crosses.T)
    size = float(np.clip(0.5 * apart, *CROSS)) * 72 / DPI
    edge = [withStroke(linewidth=1.8, foreground="white", alpha=0.6)]
    axes.plot(*crosses.T, "+", color=INK, markersize=size, markeredgewidth=0.7, path_effects=edge)


def _name(axes: Axes, title: str, labels: Sequence[str]) -> None:
    axes.set_title(title, fontsize=TEXT, color=INK, loc="left", pad=6)
    axes.set_xlabel(labels[0], fontsize=TEXT, color=INK)
    axes.set_ylabel(labels[1], fontsize=TEXT, color=INK)
