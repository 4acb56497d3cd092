"""Figures that lay out images: the data, inputs over their reconstructions, and samples."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.figures.canvas import EDGE, TOP, headed, sheet, show, text_width
from pipeline.figures.captioned import captioned
from pipeline.figures.mosaic import arrange, join, magnify, near_square, stack_pairs, whole_factor
from pipeline.figures.pixels import as_pairs, as_pixels
from pipeline.figures.style import INK, MUTED, SMALL, TEXT

SIDE, TILE = 900, 224  # pixels that all the images of one figure may take, and one image
INNER = 2  # pixels between an image and its reconstruction
HALF, BETWEEN, HEADING = 700, 48, 26  # pixels: the side of one mosaic of two, the room between them, and above them


def first_images(
    images: np.ndarray, labels: np.ndarray, class_names: Sequence[str], title: str = "The first images of the data"
) -> Figure:
    """Images [N, H, W, C] in reading order, each with the name of its class under it.

    Args:
        labels: integers [N], indices into class_names.
    """
    return captioned(images, [class_names[label] for label in labels], title)


def reconstructions(
    images: np.ndarray,
    reconstructions: np.ndarray,
    title: str = "Inputs over their reconstructions",
    distortion: np.ndarray | None = None,
) -> Figure:
    """Every image over its reconstruction.

    Args:
        images, reconstructions: uint8 or floating point in [0, 1], [N, H, W, C] with C 1 or 3.
        distortion: [N], nats, written under each pair.
    """
    above, below = as_pairs(images, reconstructions)
    count, height, width, _ = above.shape
    if distortion is not None and np.shape(distortion) != (count,):
        raise ValueError(f"distortion has shape {list(np.shape(distortion))}; wanted [{count}], one an image")
    rows, columns = near_square(count, 2 * height, width)
    factor = _factor(2 * rows, columns, height, width)
    pairs = stack_pairs(magnify(above, factor), magnify(below, factor), INNER)
    gap, bottom = (12, 0) if distortion is None else (28, 32)
    figure, axes = sheet(join(arrange(pairs, rows, columns), gap, 6), title, left=20, bottom=bottom)
    _name_rows(axes, rows, height * factor, gap)
    if distortion is not None:
        _write_under(axes, distortion, columns, pairs.shape[1] + gap, pairs.shape[2] + 6)
    return figure


def samples(images: np.ndarray, title: str = "Samples from the prior") -> Figure:
    """Images [N, H, W, C] in reading order as a near-square mosaic."""
    return sheet(_mosaic(images, SIDE), title)[0]


def samples_beside(
    prior: np.ndarray,
    fitted: np.ndarray,
    title: str = "Samples",
    names: tuple[str, str] = ("from the prior", "from a density fitted to the posterior"),
) -> Figure:
    """Two near-square mosaics of images [N, H, W, C] side by side, each under its name."""
    mosaics = [_mosaic(images, HALF) for images in (prior, fitted)]
    widths = [max(mosaic.shape[1], text_width(name, TEXT)) for mosaic, name in zip(mosaics, names, strict=True)]
    top = TOP + HEADING
    figure = headed(title, sum(widths) + BETWEEN + 2 * EDGE, top + max(map(len, mosaics)) + EDGE)
    for mosaic, name, left in zip(mosaics, names, (EDGE, EDGE + widths[0] + BETWEEN), strict=True):
        show(figure, mosaic, left, top).set_title(name, fontsize=TEXT, color=INK, loc="left", pad=6)
    return figure


def _mosaic(images: np.ndarray, side: int) -> np.ndarray:
    pixels = as_pixels(images)
    count, height, width, _ = pixels.shape
    rows, columns = near_square(count, height, width)
    return join(arrange(magnify(pixels, _factor(rows, columns, height, width, side)), rows, columns), 3, 3)


def _factor(rows: int, columns: int, height: int, width: int, side: int = SIDE) -> int:
    return min(whole_factor(rows * height, columns * width, side), whole_factor(height, width, TILE))


def _name_rows(axes: Axes, rows: int, height: int, gap: int) -> None:
    """Says left of each row what it shows, where the row is high enough for the word."""
    for row in range(rows if height >= 40 else 0):
        top = row * (2 * height + INNER + gap)
        for name, middle in (("input", top + height / 2), ("output", top + INNER + height * 1.5)):
            axes.text(-6, middle, name, fontsize=SMALL, color=MUTED, rotation=90, ha="right", va="center")


def _write_under(axes: Axes, distortion: np.ndarray, columns: int, step_y: int, step_x: int) -> None:
    """Writes each pair's distortion under it, and once, at the bottom, what the numbers are."""
    for index, nats in enumerate(distortion):
        row, column = divmod(index, columns)
        text = f"{nats:.1f}" if abs(nats) < 1000 else f"{nats:.0f}"
        x, y = column * step_x + (step_x - 6) / 2, (row + 1) * step_y - 26
        axes.text(x, y, text, fontsize=SMALL, color=MUTED, ha="center", va="top")
    rows = -(-len(distortion) // columns)
    axes.text(0, rows * step_y, "numbers: distortion in nats", fontsize=SMALL, color=MUTED, va="top")
