"""Where the coordinates of a decoded plane lie among the posterior means, beside what they decode to."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from pipeline.figures.images.decoded import coordinates_room, plane_image, write_coordinates
from pipeline.figures.kit.axis_names import axis_names
from pipeline.figures.kit.canvas import EDGE, TOP, headed, place, show, text_width
from pipeline.figures.kit.legend import LegendColumns, labels_in_legend
from pipeline.figures.kit.limits import square_limits
from pipeline.figures.kit.style import DPI, INK, TEXT
from pipeline.figures.latent.latents import checked_points, draw_points
from pipeline.figures.latent.line_and_points import line_and_points

LEAST = 480  # pixels that the scatter is high where a plane is low
HEADING, LEFT, BELOW, BETWEEN = 26, 66, 56, 28  # pixels above a panel, left of it, below it, and between the two
CROSS = (4.0, 10.0)  # pixels, the smallest and the largest cross
POINTS, DECODED = "Posterior means by class; crosses: the coordinates decoded", "Decoded at the crosses"


def plane_and_points(  # noqa: PLR0917 — what `grid` takes, then what `latent` takes
    decoded: np.ndarray,
    x_values: np.ndarray,
    y_values: np.ndarray,
    points: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
    explained: Sequence[float] | np.ndarray | None = None,
    title: str = "The latent space and what it decodes to",
) -> Figure:
    """Posterior means with the coordinates of a plane as crosses and, as high beside them, the decoded plane.

    Args:
        decoded: [rows, columns, H, W, C], uint8 or floating point in [0, 1]; row 0 belongs to y_values[0].
        x_values: [columns]; y_values: [rows], both ascending.
        points: [N, 2]; of [N, 1], densities stand above the one row that is decoded.
        labels: integers [N], indices into class_names.
        explained: shares of the variance along the principal axes, where the points are coordinates on those.
    """
    points, labels = checked_points(points, labels, class_names)
    image, *tile = plane_image(decoded, x_values, y_values)
    if points.shape[1] == 1:
        return line_and_points(image, x_values, points, labels, class_names, title=title)
    side, top = max(len(image), LEAST), TOP + HEADING
    legend = LegendColumns(labels_in_legend(points, labels), class_names, side)
    plane_left = EDGE + LEFT + side + legend.width + BETWEEN + coordinates_room(y_values)
    width = plane_left + max(image.shape[1], text_width(DECODED, TEXT)) + EDGE
    figure = headed(title, width, top + side + BELOW)
    scatter = place(figure, EDGE + LEFT, top, side, side)
    crosses = np.stack(np.meshgrid(x_values, y_values), axis=-1).reshape(-1, 2).astype(np.float64)
    _draw_points(scatter, points, labels, class_names, crosses)
    _name(scatter, POINTS, axis_names(explained))
    legend.draw(scatter)
    plane = show(figure, image, plane_left, top + (side - len(image)) // 2)
    write_coordinates(plane, x_values, y_values, (tile[0], tile[1]))
    x_name, y_name = axis_names(explained, share="")
    _name(plane, DECODED, (x_name, y_name if len(y_values) > 1 else ""))
    return figure


def _draw_points(
    axes: Axes, points: np.ndarray, labels: np.ndarray, class_names: Sequence[str], crosses: np.ndarray
) -> None:
    """The points, and over them the crosses, small enough to stay apart; the limits hold both."""
    limits = square_limits(np.concatenate([points, crosses]))
    draw_points(axes, points, labels, class_names, limits, text=TEXT)
    pixels = axes.get_window_extent().width / (limits[0][1] - limits[0][0])
    apart = pixels * min(np.diff(np.unique(column)).min(initial=np.inf) for column in crosses.T)
    size = float(np.clip(0.5 * apart, *CROSS)) * 72 / DPI
    edge = [withStroke(linewidth=1.8, foreground="white", alpha=0.6)]
    axes.plot(*crosses.T, "+", color=INK, markersize=size, markeredgewidth=0.7, path_effects=edge)


def _name(axes: Axes, title: str, labels: Sequence[str]) -> None:
    axes.set_title(title, fontsize=TEXT, color=INK, loc="left", pad=6)
    axes.set_xlabel(labels[0], fontsize=TEXT, color=INK)
    axes.set_ylabel(labels[1], fontsize=TEXT, color=INK)
