"""Figures that lay out images: the data, inputs over their reconstructions, and samples."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.figures.images.captioned import captioned
from pipeline.figures.kit.canvas import EDGE, TOP, headed, sheet, show, text_width
from pipeline.figures.kit.classes import LONGEST
from pipeline.figures.kit.fonts import drawables
from pipeline.figures.kit.mosaic import arrange, join, magnify, near_square, stack_pairs, whole_factor
from pipeline.figures.kit.rgb import as_pairs, as_pixels
from pipeline.figures.kit.style import INK, MUTED, SMALL, TEXT

SIDE, TILE = 900, 224  # pixels that all the images of one figure may take, and one image
INNER, APART = 2, 12  # pixels between an image and its reconstruction, and under each pair
HALF, BETWEEN, HEADING = 700, 48, 26  # pixels: the side of one mosaic of two, the room between them, and above them
SAMPLES = "from the prior", "from a density fitted to the posterior"


def first_images(
    images: np.ndarray, labels: np.ndarray, class_names: Sequence[str], title: str = "The first images of the data"
) -> Figure:
    """Images [N, H, W, C] in reading order, each with the name of its class under it.

    Args:
        labels: integers [N], indices into class_names.
    """
    names = drawables(class_names, LONGEST)
    return captioned(images, [names[label] for label in labels], title)


def reconstructions(
    images: np.ndarray, reconstructions: np.ndarray, title: str = "Inputs over their reconstructions"
) -> Figure:
    """Every image over its reconstruction.

    Args:
        images, reconstructions: uint8 or floating point in [0, 1], [N, H, W, C] with C 1 or 3.
    """
    above, below = as_pairs(images, reconstructions)
    count, height, width, _ = above.shape
    rows, columns = near_square(count, 2 * height, width)
    factor = _factor(2 * rows, columns, height, width, SIDE)
    pairs = stack_pairs(magnify(above, factor), magnify(below, factor), INNER)
    figure, axes = sheet(join(arrange(pairs, rows, columns), APART, 6), title, left=20)
    _name_rows(axes, rows, height * factor)
    return figure


def samples(images: np.ndarray, title: str = "Samples") -> Figure:
    """Images [N, H, W, C] as a near-square mosaic."""
    figure, _ = sheet(_mosaic(images), title)
    return figure


def samples_beside(prior: np.ndarray, fitted: np.ndarray, title: str = "Samples") -> Figure:
    """Two near-square mosaics of images [N, H, W, C] side by side, each under its name."""
    mosaics = [_mosaic(images) for images in (prior, fitted)]
    widths = [max(mosaic.shape[1], text_width(name, TEXT)) for mosaic, name in zip(mosaics, SAMPLES, strict=True)]
    top = TOP + HEADING
    figure = headed(title, sum(widths) + BETWEEN + 2 * EDGE, top + max(map(len, mosaics)) + EDGE)
    for mosaic, name, left in zip(mosaics, SAMPLES, (EDGE, EDGE + widths[0] + BETWEEN), strict=True):
        show(figure, mosaic, left, top).set_title(name, fontsize=TEXT, color=INK, loc="left", pad=6)
    return figure


def _mosaic(images: np.ndarray) -> np.ndarray:
    pixels = as_pixels(images)
    count, height, width, _ = pixels.shape
    rows, columns = near_square(count, height, width)
    return join(arrange(magnify(pixels, _factor(rows, columns, height, width, HALF)), rows, columns), 3, 3)


def _factor(rows: int, columns: int, height: int, width: int, side: int) -> int:
    return min(whole_factor(rows * height, columns * width, side), whole_factor(height, width, TILE))


def _name_rows(axes: Axes, rows: int, height: int) -> None:
    """Says left of each row what it shows, where the row is high enough for the word."""
    for row in range(rows if height >= 40 else 0):
        top = row * (2 * height + INNER + APART)
        for name, middle in (("input", top + height / 2), ("output", top + INNER + height * 1.5)):
            axes.text(-6, middle, name, fontsize=SMALL, color=MUTED, rotation=90, ha="right", va="center")
