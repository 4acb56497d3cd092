"""Figures that lay out images: the data, inputs over their reconstructions, and samples."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.figures.images.captioned import captioned
from pipeline.figures.kit.canvas import EDGE, TOP, headed, place_image, sheet, text_width
from pipeline.figures.kit.classes import NAME_CELLS
from pipeline.figures.kit.fonts import drawables
from pipeline.figures.kit.mosaic import arrange, join, magnify, mosaic, near_square, stack_pairs, whole_factor
from pipeline.figures.kit.rgb import as_rgb, as_rgb_pairs
from pipeline.figures.kit.style import INK, MUTED, SMALL, TEXT

PAIRS_SIDE = 900  # pixels that all the pairs of a figure may take
MOSAIC_SIDE = 700  # pixels that a mosaic may take
IMAGE_SIDE = 224  # pixels that one image may take
INNER_GAP = 2  # pixels between an image and its reconstruction
PAIR_GAP = 12  # pixels under each pair
MOSAIC_GAP = 48  # pixels between two mosaics
MOSAIC_HEAD = 26  # pixels above each mosaic, for its name
NAMED_HEIGHT = 40  # pixels from which on a row is high enough for a word beside it
DENSITIES = ("from the prior", "from a density fitted to the posterior")


def first_images(images: np.ndarray, labels: np.ndarray, class_names: Sequence[str]) -> Figure:
    """Images in reading order, each with the name of its class under it.

    Args:
        images: uint8 or floating point in [0, 1], [N, H, W, C].
        labels: integers [N], indices into class_names.
        class_names: one a class.
    """
    names = drawables(class_names, NAME_CELLS)
    return captioned(images, [names[label] for label in labels], "The first images of the data")


def reconstructions(images: np.ndarray, reconstructions: np.ndarray) -> Figure:
    """Every image over its reconstruction.

    Args:
        images, reconstructions: uint8 or floating point in [0, 1], [N, H, W, C] with C 1 or 3.
    """
    above, below = as_rgb_pairs(images, reconstructions)
    count, height, width, _ = above.shape
    rows, columns = near_square(count, 2 * height, width)
    factor = min(whole_factor(2 * rows * height, columns * width, PAIRS_SIDE), whole_factor(height, width, IMAGE_SIDE))
    pairs = stack_pairs(magnify(above, factor), magnify(below, factor), INNER_GAP)
    figure, axes = sheet(join(arrange(pairs, rows, columns), PAIR_GAP, 6), "Inputs over their reconstructions", left=20)
    _name_rows(axes, rows, height * factor)
    return figure


def samples(images: np.ndarray, title: str = "Samples") -> Figure:
    """Images [N, H, W, C], uint8 or floating point in [0, 1], as a near-square mosaic."""
    figure, _ = sheet(mosaic(as_rgb(images), 3, MOSAIC_SIDE, IMAGE_SIDE), title)
    return figure


def samples_beside(prior: np.ndarray, fitted: np.ndarray) -> Figure:
    """Decoded draws from two densities, both [N, H, W, C], as mosaics side by side, each under its name."""
    mosaics = [mosaic(as_rgb(images), 3, MOSAIC_SIDE, IMAGE_SIDE) for images in (prior, fitted)]
    widths = [max(image.shape[1], text_width(name, TEXT)) for image, name in zip(mosaics, DENSITIES, strict=True)]
    top = TOP + MOSAIC_HEAD
    figure = headed("Samples", sum(widths) + MOSAIC_GAP + 2 * EDGE, top + max(map(len, mosaics)) + EDGE)
    for image, name, left in zip(mosaics, DENSITIES, (EDGE, EDGE + widths[0] + MOSAIC_GAP), strict=True):
        place_image(figure, image, left, top).set_title(name, fontsize=TEXT, color=INK, loc="left", pad=6)
    return figure


def _name_rows(axes: Axes, rows: int, height: int) -> None:
    """Names each row at its left, where it is high enough."""
    for row in range(rows if height >= NAMED_HEIGHT else 0):
        top = row * (2 * height + INNER_GAP + PAIR_GAP)
        for name, middle in (("input", top + height / 2), ("output", top + INNER_GAP + height * 1.5)):
            axes.text(-6, middle, name, fontsize=SMALL, color=MUTED, rotation=90, ha="right", va="center")
