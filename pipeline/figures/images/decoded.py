"""Figures of what chosen latents decode to: a plane, lines along dimensions or between images, single points."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.figures.images.captioned import captioned
from pipeline.figures.images.decoded_plane import DecodedPlane
from pipeline.figures.kit.canvas import sheet, text_width
from pipeline.figures.kit.classes import NAME_CELLS
from pipeline.figures.kit.fonts import drawables
from pipeline.figures.kit.mosaic import join, magnify, seamed, whole_factor
from pipeline.figures.kit.rgb import as_rgb, as_rgb_pairs
from pipeline.figures.kit.style import INK, PAPER, TEXT
from pipeline.latent.axes import even

SHEET_SIDE = 960  # pixels that all the images of one figure may take
IMAGE_SIDE = 168  # pixels that one image may take
ROW_GAP = 3  # pixels between the rows of traversals and interpolations
FOOT = 52  # pixels for the coordinates and their name under the images
END_GAP = 28  # pixels that set images of the data apart from decoded ones
MOVED = "value of the row's dimension, all others kept"
NEARER = ", as the class of the nearer end"
SHARES = "decoded, at this share of the way between the two posterior means"


def decoded_plane(plane: DecodedPlane) -> Figure:
    """A decoded plane as one image, its coordinates along both axes, y upwards as in the scatter of the latents."""
    image, height, width = plane_image(plane)
    x_label, y_label = plane.axis_names
    figure, axes = sheet(image, f"Decoded plane{plane.as_class}", coordinates_room(plane.y), FOOT, x_label)
    write_coordinates(axes, plane.x, plane.y, (height, width))
    axes.set_xlabel(x_label, fontsize=TEXT, color=INK)
    axes.set_ylabel(y_label, fontsize=TEXT, color=INK)
    return figure


def plane_image(plane: DecodedPlane) -> tuple[np.ndarray, int, int]:
    """A decoded plane as `decoded_plane` shows it, uint8 [H, W, 3], and in it the height and width of one image."""
    tiles = seamed(plane.images)
    height, width, factor = tile_size(tiles, tall=1)
    return magnify(join(tiles[::-1], 0, 0), factor), height, width


def coordinates_room(y_values: np.ndarray) -> int:
    """Pixels that the coordinates of the rows [rows] and their name take left of a plane; none for a single row."""
    names = coordinate_names(y_values) if len(y_values) > 1 else []
    return max((text_width(name, TEXT) for name in names), default=0) + (40 if names else 0)


def write_coordinates(axes: Axes, x_values: np.ndarray, y_values: np.ndarray, tile: tuple[int, int]) -> None:
    """Coordinates [columns] and [rows] along the axes of a plane whose single images are `tile` high and wide."""
    name_columns(axes, coordinate_names(x_values), tile[1])
    if len(y_values) > 1:
        name_rows(axes, coordinate_names(y_values)[::-1], tile[0], 0)


def traversals(
    decoded: np.ndarray, values: np.ndarray, names: Sequence[str], title: str = "Latent traversals"
) -> Figure:
    """One row a latent dimension: what the values of that dimension decode to while all the others stay.

    Args:
        decoded: [dimensions, steps, H, W, C], uint8 or floating point in [0, 1]; dimension 0 is the top row.
        values: [steps], ascending.
        names: one a dimension, as it reads left of its row.
        title: above them.

    Raises:
        ValueError: not one image for each dimension and value.
    """
    tiles = as_rgb(decoded, "DS")
    if tiles.shape[:2] != (len(names), len(values)):
        raise ValueError(
            f"decoded images have shape {list(tiles.shape[:2])} before height and width; "
            f"their names and values ask for [{len(names)}, {len(values)}]"
        )
    height, width, factor = tile_size(tiles, tall=2)
    left = max(text_width(name, TEXT) for name in names) + 12
    figure, axes = sheet(join(magnify(tiles, factor), ROW_GAP, 0), title, left, FOOT, MOVED)
    name_columns(axes, coordinate_names(values), width)
    axes.set_xlabel(MOVED, fontsize=TEXT, color=INK)
    name_rows(axes, names, height, ROW_GAP)
    return figure


def interpolations(first: np.ndarray, last: np.ndarray, decoded: np.ndarray, *, by_class: bool = False) -> Figure:
    """One row a pair of images: the first as the data have it, the way to the second as decoded, the second.

    Args:
        first, last: [rows, H, W, C], uint8 or floating point in [0, 1].
        decoded: [rows, steps, H, W, C], at equal distances from the first posterior mean to the last.
        by_class: whether each was decoded as the class of the nearer end.
    """
    ends = as_rgb_pairs(first, last)
    way = as_rgb(decoded, "RS")
    if way.shape[:1] + way.shape[2:] != ends[0].shape:
        rows, *size = np.shape(first)
        expected = ", ".join(map(str, [rows, "steps", *size]))
        raise ValueError(
            f"decoded images have shape {list(np.shape(decoded))}; expected [{expected}], as the pairs have"
        )
    lines = np.concatenate([ends[0][:, None], way, ends[1][:, None]], axis=1)
    _, width, factor = tile_size(lines, tall=2)
    steps = way.shape[1]
    image = join(magnify(lines, factor), ROW_GAP, 0)
    gap = np.full((len(image), END_GAP, 3), PAPER, np.uint8)
    image = np.concatenate([image[:, :width], gap, image[:, width:-width], gap, image[:, -width:]], axis=1)
    title = f"Interpolations between pairs of images{NEARER if by_class else ''}"
    figure, axes = sheet(image, title, 0, FOOT + 14, SHARES)
    originals = [(width / 2, "first\nimage"), (image.shape[1] - width / 2, "second\nimage")]
    name_columns(axes, [f"{share:.0%}" for share in even(0, 1, steps)], width, width + END_GAP, originals)
    axes.set_xlabel(SHARES, fontsize=TEXT, color=INK)
    return figure


def decoded_latents(decoded: np.ndarray, coordinates: np.ndarray) -> Figure:
    """Single images [N, H, W, C], each with the coordinates [N, D] under it that it was decoded from."""
    return captioned(decoded, _captions(coordinates), "Decoded at chosen coordinates")


def latents_by_class(decoded: np.ndarray, coordinates: np.ndarray, class_names: Sequence[str]) -> Figure:
    """Images [K, N, H, W, C], each with the name of its class under it, and its coordinates of [N, D]."""
    names = drawables(class_names, NAME_CELLS)
    captions = [f"{name} at {place}" for name in names for place in _captions(coordinates)]
    return captioned(decoded.reshape(-1, *decoded.shape[2:]), captions, "Decoded at chosen coordinates as each class")


def _captions(coordinates: np.ndarray) -> list[str]:
    places = np.round(np.asarray(coordinates, np.float64), 3) + 0.0  # not -0
    captions = [f"({', '.join(f'{value:g}' for value in place)})" for place in places]
    return [caption.replace("-", "\N{MINUS SIGN}") for caption in captions]


def coordinate_names(values: np.ndarray) -> list[str]:
    """Coordinates [K] with as many decimals as their smallest distance asks for; one more where that is exact."""
    values = np.asarray(values, np.float64)
    distances = np.abs(np.diff(values))
    smallest = distances[distances > 0].min(initial=1.0)
    decimals = min(6, max(0, math.ceil(-math.log10(smallest) - 1e-9)))
    if np.allclose(values, np.round(values, decimals + 1), rtol=0, atol=1e-9):
        decimals += not np.allclose(values, np.round(values, decimals), rtol=0, atol=1e-9)
    names = [f"{value:.{decimals}f}" for value in values]
    return [name.lstrip("-") if float(name) == 0 else name.replace("-", "\N{MINUS SIGN}") for name in names]


def tile_size(tiles: np.ndarray, tall: int) -> tuple[int, int, int]:
    """Height and width of one of the tiles [rows, columns, H, W, 3] in a figure, and its magnification.

    The figure may be `tall` times as high as it may be wide.
    """
    rows, columns, height, width, _ = tiles.shape
    factor = min(
        whole_factor(rows * height // tall, columns * width, SHEET_SIDE), whole_factor(height, width, IMAGE_SIDE)
    )
    return height * factor, width * factor, factor


def name_columns(
    axes: Axes, names: Sequence[str], width: int, start: int = 0, others: Sequence[tuple[float, str]] = ()
) -> None:
    """Names the middle of every column from `start`, or of every second, third ... where the names would touch.

    `others` are further places with their names.
    """
    widest = max(text_width(name, TEXT) for name in names) + 6
    shown = _every(len(names), math.ceil(widest / width))
    places = [*((start + (i + 0.5) * width, names[i]) for i in shown), *others]
    axes.set_xticks([place - 0.5 for place, _ in places], [name for _, name in places])


def name_rows(axes: Axes, names: Sequence[str], height: int, gap: int) -> None:
    """Names every row, or every second, third ... where the names would touch."""
    shown = _every(len(names), math.ceil(20 / height))
    axes.set_yticks([i * (height + gap) + height / 2 - 0.5 for i in shown], [names[i] for i in shown])


def _every(count: int, step: int) -> range:
    """Every so many places, as far from the first end as from the last."""
    return range((count - 1) % step // 2 if count else 0, count, step)
