"""Figures of a conditional model: what it decodes as each class."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from pipeline.figures.images.decoded import END_GAP, ROW_GAP, SHEET_SIDE, name_columns, name_rows, tile_size
from pipeline.figures.images.decoded_plane import DecodedPlane
from pipeline.figures.images.sheets import DENSITIES
from pipeline.figures.kit.canvas import EDGE, TOP, headed, place_image, sheet, text_width
from pipeline.figures.kit.classes import NAME_CELLS
from pipeline.figures.kit.fonts import drawables
from pipeline.figures.kit.mosaic import join, magnify, near_square, seamed, whole_factor
from pipeline.figures.kit.rgb import as_rgb
from pipeline.figures.kit.style import INK, PAPER, TEXT

PANEL_GAP = 40  # pixels between two panels
PANEL_HEAD = 26  # pixels above a panel, for its name
PANEL_SIDE = 560  # pixels that the images of one of several panels may take
PLANE_GAP = 14  # pixels between two planes
PLANE_SIDE = 8  # images along each side of a plane, at most
MARK = "#d55e00"  # of the image's own class
MARK_WIDTH = 1.6  # points
SWAP_TITLE = "Class swap: each image's latent decoded as every class; its own is framed"


def class_rows(panels: Mapping[str, np.ndarray], class_names: Sequence[str], title: str) -> Figure:
    """One row a class, in one panel or several beside each other, each under its name.

    Args:
        panels: images by the name of their panel, [K, N, H, W, C], uint8 or floating point in [0, 1].
        class_names: of the K classes.
        title: above all.

    Raises:
        ValueError: not one row for each class.
    """
    names = drawables(class_names, NAME_CELLS)
    left = EDGE + max(text_width(name, TEXT) for name in names) + 12
    drawn = {name: _rows_image(images, len(names), len(panels)) for name, images in panels.items()}
    widths = [max(image.shape[1], text_width(name, TEXT)) for name, (image, _) in drawn.items()]
    top = TOP + PANEL_HEAD * any(drawn)
    width = left + sum(widths) + PANEL_GAP * (len(drawn) - 1) + EDGE
    figure = headed(title, width, top + max(len(image) for image, _ in drawn.values()) + EDGE)
    for number, (name, (image, height)) in enumerate(drawn.items()):
        axes = place_image(figure, image, left + sum(widths[:number]) + PANEL_GAP * number, top)
        axes.set_title(name, fontsize=TEXT, color=INK, loc="left", pad=6)
        if not number:
            name_rows(axes, names, height, ROW_GAP)
    return figure


def samples_by_class(prior: np.ndarray, fitted: np.ndarray, class_names: Sequence[str]) -> Figure:
    """Decoded draws from two densities, both [K, N, H, W, C], side by side: a row for each of the K classes."""
    return class_rows(dict(zip(DENSITIES, (prior, fitted), strict=True)), class_names, "Samples of each class")


def class_planes(planes: Sequence[DecodedPlane], title: str = "Decoded plane of each class") -> Figure:
    """Decoded planes of the same coordinates as a mosaic, each under the name of its class.

    Of a plane with more than eight coordinates along an axis, every second, third ... is shown.
    """
    step = [-(-len(values) // PLANE_SIDE) for values in (planes[0].y, planes[0].x)]
    tiles = [join(seamed(plane.images[:: step[0], :: step[1]])[::-1], 0, 0) for plane in planes]
    height, width, _ = tiles[0].shape
    rows, columns = near_square(len(tiles), height + PANEL_HEAD + PLANE_GAP, width + PLANE_GAP)
    factor = whole_factor(rows * height, columns * width, SHEET_SIDE)
    names = drawables([plane.class_name or "" for plane in planes], NAME_CELLS)
    step_x = max(width * factor, *(text_width(name, TEXT) for name in names)) + PLANE_GAP
    step_y = height * factor + PANEL_HEAD + PLANE_GAP
    figure = headed(title, columns * step_x - PLANE_GAP + 2 * EDGE, TOP + rows * step_y - PLANE_GAP + EDGE)
    for index, (tile, name) in enumerate(zip(tiles, names, strict=True)):
        row, column = divmod(index, columns)
        axes = place_image(figure, magnify(tile, factor), EDGE + column * step_x, TOP + row * step_y + PANEL_HEAD)
        axes.set_title(name, fontsize=TEXT, color=INK, loc="left", pad=4)
    return figure


def class_swap(images: np.ndarray, decoded: np.ndarray, own: Sequence[int], class_names: Sequence[str]) -> Figure:
    """One row an image: as the data have it, and its latent decoded as every class, a column each.

    Args:
        images: uint8 or floating point in [0, 1], [N, H, W, C].
        decoded: likewise, [N, K, H, W, C].
        own: the position of each image's class among the K; −1 where it is none of them.
        class_names: of the K classes.

    Raises:
        ValueError: not one decoded image for each image and class.
    """
    swapped = _checked(decoded, "NK", (len(images), len(class_names)))
    lines = np.concatenate([as_rgb(images)[:, None], swapped], axis=1)
    height, width, factor = tile_size(lines, tall=2)
    image = join(magnify(lines, factor), ROW_GAP, ROW_GAP)
    gap = np.full((len(image), END_GAP, 3), PAPER, np.uint8)
    image = np.concatenate([image[:, :width], gap, image[:, width + ROW_GAP :]], axis=1)
    names = drawables(class_names, NAME_CELLS)
    figure, axes = sheet(image, SWAP_TITLE, 0, 40, "")
    name_columns(axes, names, width + ROW_GAP, width + END_GAP, [(width / 2, "image")])
    for row, column in enumerate(own):
        if column >= 0:
            _frame(axes, width + END_GAP + column * (width + ROW_GAP), row * (height + ROW_GAP), width, height)
    return figure


def _rows_image(images: np.ndarray, classes: int, panels: int) -> tuple[np.ndarray, int]:
    """The rows as one image, and the height of one of them."""
    tiles = _checked(images, "KN", (classes, np.shape(images)[1]))
    height, _, factor = tile_size(tiles, tall=2)
    if panels > 1:
        factor = min(factor, whole_factor(1, tiles.shape[1] * tiles.shape[3], PANEL_SIDE))
        height = tiles.shape[2] * factor
    return join(magnify(tiles, factor), ROW_GAP, ROW_GAP), height


def _checked(images: np.ndarray, axes: str, expected: tuple[int, int]) -> np.ndarray:
    tiles = as_rgb(images, axes)
    if tiles.shape[:2] != expected:
        raise ValueError(
            f"images have shape {list(tiles.shape[:2])} before height and width; expected {list(expected)}"
        )
    return tiles


def _frame(axes: Axes, left: float, top: float, width: int, height: int) -> None:
    place = (left - 0.5, top - 0.5)
    axes.add_patch(Rectangle(place, width, height, fill=False, edgecolor=MARK, linewidth=MARK_WIDTH, clip_on=False))
