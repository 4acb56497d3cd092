"""A latent space of one dimension: the densities of its classes, and under them what chosen coordinates decode to."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.figures.images.decoded import plane_image, write_coordinates
from pipeline.figures.images.decoded_plane import DecodedPlane
from pipeline.figures.kit.canvas import EDGE, TOP, headed, place, show, text_width
from pipeline.figures.kit.limits import square_limits
from pipeline.figures.kit.style import INK, MUTED, TEXT
from pipeline.figures.latent.labelled_points import LabelledPoints
from pipeline.figures.latent.latents import draw_points

LEAST, LANE = 640, 34  # pixels that the densities are wide at least, and that each class is high
ABOVE, BETWEEN, BELOW = 58, 64, 58  # pixels: names and ticks over the densities, the way to the row, its coordinates
HEADING = "Posterior means by class, each to its own peak; lines lead to what is decoded there"


def line_and_points(plane: DecodedPlane, points: LabelledPoints, *, title: str) -> Figure:
    """Densities of points on a line, a mark at each coordinate, and from it a line to its image in the decoded row."""
    image, *_ = plane_image(plane)
    height, wide, _ = image.shape
    classes = points.classes
    width, high = max(wide, LEAST), max(240, LANE * len(classes))
    left, top = EDGE + 20 + classes.widest(TEXT), TOP + ABOVE
    row = top + high + BETWEEN
    figure = headed(title, left + max(width, text_width(HEADING, TEXT)) + EDGE, row + height + BELOW)
    densities = place(figure, left, top, width, high)
    limits = square_limits(np.concatenate([points.points, plane.x[:, None]]))
    draw_points(densities, points, limits, text=TEXT)
    densities.xaxis.tick_top()
    densities.set_title(HEADING, fontsize=TEXT, color=INK, loc="left", pad=8)
    densities.vlines(plane.x, *densities.get_ylim(), color=INK, linewidth=0.7, alpha=0.45, zorder=99)
    tiles = show(figure, image, left + (width - wide) // 2, row)
    tile = wide / len(plane.x)
    write_coordinates(tiles, plane.x, plane.y, (height, round(tile)))
    tiles.set_xlabel("z1", fontsize=TEXT, color=INK)
    ends = (width - wide) / 2 + (np.arange(len(plane.x)) + 0.5) * tile
    _lead(place(figure, left, top + high, width, BETWEEN), plane.x, limits[0], ends / width)
    return figure


def _lead(axes: Axes, x_values: np.ndarray, limits: tuple[float, float], ends: np.ndarray) -> None:
    """Lines from the marks at the top to the middles of the images at the bottom, as shares of the width."""
    starts = (x_values - limits[0]) / (limits[1] - limits[0])
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.plot(np.stack([starts, ends]), [1, 0.06], color=MUTED, linewidth=0.7)
