"""Where the coordinates of a decoded plane lie among the posterior means, beside what they decode to."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from pipeline.figures.images.decoded import coordinates_room, plane_image, write_coordinates
from pipeline.figures.images.decoded_plane import DecodedPlane
from pipeline.figures.kit.canvas import EDGE, TOP, headed, place, show, text_width
from pipeline.figures.kit.legend import LegendColumns
from pipeline.figures.kit.limits import square_limits
from pipeline.figures.kit.style import DPI, INK, TEXT
from pipeline.figures.latent.labelled_points import LabelledPoints
from pipeline.figures.latent.latents import draw_points
from pipeline.figures.latent.line_and_points import line_and_points

LEAST = 480  # pixels that the scatter is high where a plane is low
HEADING, LEFT, BELOW, BETWEEN = 26, 66, 56, 28  # pixels above a panel, left of it, below it, and between the two
CROSS = (4.0, 10.0)  # pixels, the smallest and the largest cross
POINTS, DECODED = "Posterior means by class; crosses: the coordinates decoded", "Decoded at the crosses"


def plane_and_points(
    plane: DecodedPlane, points: LabelledPoints, title: str = "The latent space and what it decodes to"
) -> Figure:
    """Posterior means with the coordinates of a plane as crosses and, as high beside them, the decoded plane.

    Of points on a line, densities stand above the one row that is decoded.
    """
    if points.dimensions == 1:
        return line_and_points(plane, points, title=title)
    image, *tile = plane_image(plane)
    side, top = max(len(image), LEAST), TOP + HEADING
    legend = LegendColumns(points.legend_labels, points.class_names, side)
    plane_left = EDGE + LEFT + side + legend.width + BETWEEN + coordinates_room(plane.y)
    width = plane_left + max(image.shape[1], text_width(DECODED, TEXT)) + EDGE
    figure = headed(title, width, top + side + BELOW)
    scatter = place(figure, EDGE + LEFT, top, side, side)
    _draw_points(scatter, points, np.stack(np.meshgrid(plane.x, plane.y), axis=-1).reshape(-1, 2))
    _name(scatter, POINTS, points.axis_names())
    legend.draw(scatter)
    tiles = show(figure, image, plane_left, top + (side - len(image)) // 2)
    write_coordinates(tiles, plane.x, plane.y, (tile[0], tile[1]))
    _name(tiles, DECODED, plane.axis_names)
    return figure


def _draw_points(axes: Axes, points: LabelledPoints, crosses: np.ndarray) -> None:
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
