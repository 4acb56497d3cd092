"""A latent space of one dimension: the densities of its classes, and under them what chosen coordinates decode to."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch

from pipeline.figures.images.decoded import plane_image, write_coordinates
from pipeline.figures.images.decoded_plane import DecodedPlane
from pipeline.figures.kit.canvas import EDGE, TOP, headed, place, place_image, text_width
from pipeline.figures.kit.limits import square_limits
from pipeline.figures.kit.style import INK, MUTED, TEXT
from pipeline.figures.latent.labelled_points import LabelledPoints
from pipeline.figures.latent.panel import draw_points

LEAST_WIDTH = 640  # pixels of the densities
LEAST_HEIGHT = 240  # pixels of the densities
CLASS_HEIGHT = 34  # pixels of each class
DENSITIES_HEAD = 58  # pixels of names and ticks over the densities
LINES_HEIGHT = 64  # pixels of the lines that lead to the row
LINES_END = 4  # pixels that the lines end above it
ROW_FOOT = 58  # pixels of the row's coordinates
HEADING = "Posterior means by class, each to its own peak; lines lead to what is decoded there"


def densities_and_row(plane: DecodedPlane, points: LabelledPoints, title: str) -> Figure:
    """Densities of points on a line, a mark at each coordinate, and from it a line to its image in the decoded row."""
    image, *_ = plane_image(plane)
    height, wide, _ = image.shape
    classes = points.classes
    width = max(wide, LEAST_WIDTH)
    high = max(LEAST_HEIGHT, CLASS_HEIGHT * len(classes))
    left = EDGE + 20 + classes.widest(TEXT)
    top = TOP + DENSITIES_HEAD
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
    middles = (np.arange(len(plane.x)) + 0.5) * tile - 0.5
    places = densities.get_xaxis_transform(), tiles.transData
    for value, middle in zip(plane.x, middles, strict=True):
        lead = ConnectionPatch((value, 0), (middle, -LINES_END), *places, color=MUTED, linewidth=0.7)
        figure.add_artist(lead)
    return figure
