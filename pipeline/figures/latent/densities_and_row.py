"""A latent space of one dimension: the densities of its classes, and under them what chosen coordinates decode to."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.figures.images.decoded import plane_image, write_coordinates
from pipeline.figures.images.decoded_plane import DecodedPlane
from pipeline.figures.kit.canvas import EDGE, TOP, headed, place, place_image, text_width
from pipeline.figures.kit.limits import square_limits
from pipeline.figures.kit.style import INK, MUTED, TEXT
from pipeline.figures.latent.labelled_points import LabelledPoints
from pipeline.figures.latent.panel import draw_points

LEAST_WIDTH = 640  # pixels of the densities
CLASS_HEIGHT = 34  # pixels of each class
DENSITIES_HEAD = 58  # pixels of names and ticks over the densities
LINES_HEIGHT = 64  # pixels of the lines that lead to the row
ROW_FOOT = 58  # pixels of the row's coordinates
HEADING = "Posterior means by class, each to its own peak; lines lead to what is decoded there"


def densities_and_row(plane: DecodedPlane, points: LabelledPoints, *, title: str) -> Figure:
    """Densities of points on a line, a mark at each coordinate, and from it a line to its image in the decoded row."""
    image, *_ = plane_image(plane)
    height, wide, _ = image.shape
    classes = points.classes
    width, high = max(wide, LEAST_WIDTH), max(240, CLASS_HEIGHT * len(classes))
    left, top = EDGE + 20 + classes.widest(TEXT), TOP + DENSITIES_HEAD
    row = top + high + LINES_HEIGHT
    figure = headed(title, left + max(width, text_width(HEADING, TEXT)) + EDGE, row + height + ROW_FOOT)
    densities = place(figure, left, top, width, high)
    limits = square_limits(np.concatenate([points.points, plane.x[:, None]]))
    draw_points(densities, points, limits, text=TEXT)
    densities.xaxis.tick_top()
    densities.set_title(HEADING, fontsize=TEXT, color=INK, loc="left", pad=8)
    densities.vlines(plane.x, *densities.get_ylim(), color=INK, linewidth=0.7, alpha=0.45, zorder=99)
    tiles = place_image(figure, image, left + (width - wide) // 2, row)
    tile = wide / len(plane.x)
    write_coordinates(tiles, plane.x, plane.y, (height, round(tile)))
    tiles.set_xlabel("z1", fontsize=TEXT, color=INK)
    ends = (width - wide) / 2 + (np.arange(len(plane.x)) + 0.5) * tile
    _lead(place(figure, left, top + high, width, LINES_HEIGHT), plane.x, limits[0], ends / width)
    return figure


def _lead(axes: Axes, x_values: np.ndarray, limits: tuple[float, float], ends: np.ndarray) -> None:
    """Lines from the marks at the top to the middles of the images at the bottom, as shares of the width."""
    starts = (x_values - limits[0]) / (limits[1] - limits[0])
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.plot(np.stack([starts, ends]), [1, 0.06], color=MUTED, linewidth=0.7)
