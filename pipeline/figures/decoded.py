"""Figures of what chosen latents decode to: a whole plane of them, and a line along each dimension."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.figures.canvas import sheet, text_width
from pipeline.figures.mosaic import join, magnify, seamed, whole_factor
from pipeline.figures.pixels import as_pixels
from pipeline.figures.style import INK, TEXT

SIDE, TILE = 960, 168  # pixels that all the images of one figure may take, and one image
BETWEEN = 3  # pixels between the rows of traversals
BELOW = 52  # pixels for the coordinates and their name under the images


def grid(
    decoded: np.ndarray,
    x_values: np.ndarray,
    y_values: np.ndarray,
    x_label: str = "z1",
    y_label: str = "z2",
    *,
    title: str = "Decoded plane",
) -> Figure:
    """A decoded plane as one image, its coordinates along both axes, y upwards as in the scatter of the latents.

    Args:
        decoded: [rows, columns, H, W, C], uint8 or floating point in [0, 1]; row 0 belongs to y_values[0].
        x_values: [columns]; y_values: [rows], both ascending. A single row has no y axis.
    """
    pixels = seamed(_checked(decoded, "YX", len(y_values), len(x_values)))
    height, width, factor = _tile(pixels, tall=1)
    names = coordinate_names(y_values)[::-1] if len(y_values) > 1 else []
    left = max((text_width(name, TEXT) for name in names), default=0) + (40 if names else 0)
    figure, axes = sheet(magnify(join(pixels[::-1], 0, 0), factor), title, left, BELOW, x_label)
    _tick_x(axes, coordinate_names(x_values), width, x_label)
    _tick_y(axes, names, height, 0)
    if names:
        axes.set_ylabel(y_label, fontsize=TEXT, color=INK)
    return figure


def traversals(
    decoded: np.ndarray,
    values: np.ndarray,
    labels: Sequence[str],
    *,
    x_label: str = "value of the row's dimension, all others kept",
    title: str = "Latent traversals",
) -> Figure:
    """One row a latent dimension: what the values of that dimension decode to while all the others stay.

    Args:
        decoded: [dimensions, steps, H, W, C], uint8 or floating point in [0, 1]; dimension 0 is the top row.
        values: [steps], ascending.
        labels: one a dimension, as it reads left of its row.
    """
    pixels = _checked(decoded, "DS", len(labels), len(values))
    height, width, factor = _tile(pixels, tall=2)
    left = max(text_width(label, TEXT) for label in labels) + 12
    figure, axes = sheet(join(magnify(pixels, factor), BETWEEN, 0), title, left, BELOW, x_label)
    _tick_x(axes, coordinate_names(values), width, x_label)
    _tick_y(axes, labels, height, BETWEEN)
    return figure


def coordinate_names(values: np.ndarray) -> list[str]:
    """The coordinates with as many decimals as their smallest distance asks for; one more where that is exact."""
    values = np.asarray(values, np.float64)
    distances = np.abs(np.diff(values))
    smallest = distances[distances > 0].min(initial=1.0)
    decimals = min(6, max(0, math.ceil(-math.log10(smallest) - 1e-9)))
    if np.allclose(values, np.round(values, decimals + 1), rtol=0, atol=1e-9):
        decimals += not np.allclose(values, np.round(values, decimals), rtol=0, atol=1e-9)
    names = [f"{value:.{decimals}f}" for value in values]
    return [name.lstrip("-") if float(name) == 0 else name.replace("-", "\N{MINUS SIGN}") for name in names]


def _checked(decoded: np.ndarray, axes: str, rows: int, columns: int) -> np.ndarray:
    pixels = as_pixels(decoded, axes)
    if pixels.shape[:2] != (rows, columns):
        raise ValueError(
            f"decoded images have shape {list(pixels.shape[:2])} before height and width; "
            f"their coordinates ask for [{rows}, {columns}]"
        )
    return pixels


def _tile(pixels: np.ndarray, tall: int) -> tuple[int, int, int]:
    """Height and width of one image in a figure that may be `tall` times SIDE high, and its magnification."""
    rows, columns, height, width, _ = pixels.shape
    factor = min(whole_factor(rows * height // tall, columns * width, SIDE), whole_factor(height, width, TILE))
    return height * factor, width * factor, factor


def _tick_x(axes: Axes, names: Sequence[str], width: int, label: str) -> None:
    """Names the middle of every column, or of every second, third ... where the names would touch."""
    widest = max(text_width(name, TEXT) for name in names) + 6
    shown = _every(len(names), math.ceil(widest / width))
    axes.set_xticks([(i + 0.5) * width - 0.5 for i in shown], [names[i] for i in shown])
    axes.set_xlabel(label, fontsize=TEXT, color=INK)


def _tick_y(axes: Axes, names: Sequence[str], height: int, gap: int) -> None:
    shown = _every(len(names), math.ceil(20 / height))
    axes.set_yticks([i * (height + gap) + height / 2 - 0.5 for i in shown], [names[i] for i in shown])


def _every(count: int, step: int) -> range:
    """Every so many places, as far from the first end as from the last."""
    return range((count - 1) % step // 2 if count else 0, count, step)
