"""Matplotlib figures measured in pixels, without pyplot and its global state."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.cells import cell_len

from pipeline.figures.kit.fonts import drawable
from pipeline.figures.kit.style import DPI, INK, LINE, TEXT, TITLE
from pipeline.plotting import settle

EDGE = 20  # pixels of paper around what a figure shows
TOP = 48  # pixels of paper above it, where the title stands
TITLE_CELLS = 100  # of a title; the middle of a longer one is left out


def blank(width: int, height: int) -> Figure:
    """An empty white figure of so many pixels."""
    settle()
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def headed(title: str, width: int, height: int) -> Figure:
    """An empty figure, wide enough for its title in the upper left corner."""
    figure = blank(max(width, text_width(drawable(title, TITLE_CELLS), TITLE) + 2 * EDGE), height)
    write_head(figure, title)
    return figure


def place(figure: Figure, left: int, top: int, width: int, height: int) -> Axes:
    """Axes over this rectangle of pixels, counted from the figure's upper left corner."""
    axes = figure.add_axes(within(figure, left, top, width, height))
    style_axes(axes)
    return axes


def within(figure: Figure, left: int, top: int, width: int, height: int) -> tuple[float, float, float, float]:
    """The same rectangle as Matplotlib places axes: left, bottom, width and height in shares of the figure."""
    full_width, full_height = figure.get_size_inches() * DPI
    bottom = full_height - top - height
    return left / full_width, bottom / full_height, width / full_width, height / full_height


def style_axes(axes: Axes) -> None:
    """Give axes the ticks and the lines that all figures have."""
    axes.tick_params(labelsize=TEXT, labelcolor=INK, color=LINE, length=3, pad=3)
    axes.spines[:].set_color(LINE)


def sheet(image: np.ndarray, title: str, left: int = 0, bottom: int = 0, below: str = "") -> tuple[Figure, Axes]:
    """A figure around the image [H, W, 3], shown at one pixel for one, with room left of it and below it for text.

    The coordinates of the axes are the image's columns and, downwards, its rows. The figure is wide enough for the
    title and for a line `below` that is centred under the image.
    """
    height, width, _ = image.shape
    spill = max(0, (text_width(below, TEXT) - width) // 2)
    left = max(left, spill)
    needed = left + max(width + spill, text_width(drawable(title, TITLE_CELLS), TITLE))
    figure = blank(needed + 2 * EDGE, TOP + height + bottom + EDGE)
    axes = place_image(figure, image, EDGE + left, TOP)
    write_title(axes, title)
    return figure, axes


def place_image(figure: Figure, image: np.ndarray, left: int, top: int) -> Axes:
    """Axes that hold the image [H, W, 3] at one pixel for one, its upper left corner at this place of the figure."""
    height, width, _ = image.shape
    axes = place(figure, left, top, width, height)
    axes.imshow(image, interpolation="none", aspect="auto")
    axes.set(xticks=[], yticks=[])
    axes.tick_params(length=0, pad=5)  # a tick would cover pixels of the image
    axes.spines[:].set_visible(False)
    return axes


def text_width(text: str, size: float) -> int:
    """About how many pixels a line of text takes at this font size; known without drawing it."""
    return round(cell_len(text) * size * 0.6 * DPI / 72)


def write_title(axes: Axes, text: str) -> None:
    """A title flush with the left edge of the axes."""
    axes.set_title(drawable(text, TITLE_CELLS), fontsize=TITLE, color=INK, loc="left", pad=8)


def write_head(figure: Figure, text: str, left: int = EDGE) -> None:
    """A title above all panels of a figure, so many pixels from its left edge; each panel may have one of its own."""
    width, height = figure.get_size_inches() * DPI
    figure.text(left / width, 1 - 14 / height, drawable(text, TITLE_CELLS), fontsize=TITLE, color=INK, va="top")


def write_lines(figure: Figure, lines: Sequence[str], left: int, top: int, step: int, **look: Any) -> None:
    """Lines of text from these pixels of the figure on, each `step` pixels high; equal tops mean equal baselines."""
    width, height = figure.get_size_inches() * DPI
    for number, line in enumerate(lines):
        figure.text(left / width, 1 - (top + (number + 0.75) * step) / height, line, color=INK, **look)


def rendered(figure: Figure) -> np.ndarray:
    """The drawn figure as uint8 [H, W, 3]."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()  # type: ignore[no-untyped-call]
