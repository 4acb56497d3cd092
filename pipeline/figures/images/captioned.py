"""Images in reading order, each with a caption under it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.figures.kit.canvas import sheet, text_width
from pipeline.figures.kit.mosaic import arrange, join, magnify, near_square, whole_factor
from pipeline.figures.kit.rgb import as_pixels
from pipeline.figures.kit.style import DPI, INK, SMALL
from pipeline.text.wording import wrapped

SIDE, TILE = 960, 140  # pixels that all images with their captions may take, and one image
LETTERS, LINES = 20, 10  # of a caption: letters in a line, and lines; what is longer ends in dots
APART = 12  # pixels between two captions


def captioned(images: np.ndarray, captions: Sequence[str], title: str) -> Figure:
    """Images [N, H, W, C] with a caption each, centred under it and wrapped."""
    pixels = as_pixels(images)
    if len(captions) != len(pixels):
        raise ValueError(f"there are {len(captions)} captions for {len(pixels)} images; expected one an image")
    written = [_lines(text) for text in captions]
    widest = max(text_width(line, SMALL) for lines in written for line in lines or [""])
    below = round(max(map(len, written)) * SMALL * 1.3 * DPI / 72) + APART
    rows, columns, factor = _layout(pixels, widest + APART, below)
    tiles = magnify(pixels, factor)
    _, height, width, _ = tiles.shape
    spare = max(0, widest + APART - width)
    room = ((0, 0), (0, below), (spare // 2, max(2, spare - spare // 2)), (0, 0))
    cells = np.pad(tiles, room, constant_values=255)
    figure, axes = sheet(join(arrange(cells, rows, columns), 0, 0), title)
    for index, lines in enumerate(written):
        row, column = divmod(index, columns)
        left, top = column * cells.shape[2] + spare // 2, row * cells.shape[1]
        _write_under(axes, "\n".join(lines), left + (width - 1) / 2, top + height + 3)
    return figure


def _lines(caption: str) -> list[str]:
    lines = wrapped(caption, LETTERS)
    return lines if len(lines) <= LINES else [*lines[: LINES - 1], f"{lines[LINES - 1][: LETTERS - 2]} …"]


def _layout(pixels: np.ndarray, widest: int, below: int) -> tuple[int, int, int]:
    """Rows, columns and the largest magnification at which everything fits; 1 where nothing does."""
    count, height, width, _ = pixels.shape
    for factor in range(whole_factor(height, width, TILE), 0, -1):
        cell = height * factor + below, max(width * factor + 2, widest)
        rows, columns = near_square(count, *cell)
        if max(rows * cell[0], columns * cell[1]) <= SIDE:
            break
    return rows, columns, factor


def _write_under(axes: Axes, text: str, x: float, y: float) -> None:
    axes.text(x, y, text, fontsize=SMALL, color=INK, ha="center", va="top", linespacing=1.2)
