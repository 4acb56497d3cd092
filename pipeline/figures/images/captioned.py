"""Images in reading order, each with a caption under it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from pipeline.figures.kit.canvas import sheet, text_width
from pipeline.figures.kit.mosaic import arrange, join, magnify, near_square, whole_factor
from pipeline.figures.kit.rgb import as_rgb
from pipeline.figures.kit.style import DPI, INK, SMALL
from pipeline.text.wording import wrapped

SHEET_SIDE = 960  # pixels that all images with their captions may take
IMAGE_SIDE = 140  # pixels that one image may take
LETTERS = 20  # in a line of a caption
LINES = 10  # of a caption; a longer one ends in dots
CAPTION_GAP = 12  # pixels between two captions


def captioned(images: np.ndarray, captions: Sequence[str], title: str) -> Figure:
    """Images [N, H, W, C], uint8 or floating point in [0, 1], each with its caption centred under it and wrapped.

    Raises:
        ValueError: not one caption for each image.
    """
    tiles = as_rgb(images)
    if len(captions) != len(tiles):
        raise ValueError(f"there are {len(captions)} captions for {len(tiles)} images; expected one an image")
    written = [_lines(text) for text in captions]
    widest = max(text_width(line, SMALL) for lines in written for line in lines or [""])
    below = round(max(map(len, written)) * SMALL * 1.3 * DPI / 72) + CAPTION_GAP
    rows, columns, factor = _layout(tiles.shape, widest + CAPTION_GAP, below)
    tiles = magnify(tiles, factor)
    _, height, width, _ = tiles.shape
    spare = max(0, widest + CAPTION_GAP - width)
    room = ((0, 0), (0, below), (spare // 2, max(2, spare - spare // 2)), (0, 0))
    cells = np.pad(tiles, room, constant_values=255)
    figure, axes = sheet(join(arrange(cells, rows, columns), 0, 0), title)
    for index, lines in enumerate(written):
        row, column = divmod(index, columns)
        left, top = column * cells.shape[2] + spare // 2, row * cells.shape[1]
        look: dict[str, Any] = {"fontsize": SMALL, "color": INK, "ha": "center", "va": "top", "linespacing": 1.2}
        axes.text(left + (width - 1) / 2, top + height + 3, "\n".join(lines), **look)
    return figure


def _lines(caption: str) -> list[str]:
    lines = wrapped(caption, LETTERS)
    return lines if len(lines) <= LINES else [*lines[: LINES - 1], f"{lines[LINES - 1][: LETTERS - 2]} …"]


def _layout(shape: tuple[int, ...], widest: int, below: int) -> tuple[int, int, int]:
    """Rows, columns and the largest magnification at which everything fits; 1 where nothing does."""
    count, height, width, _ = shape
    for factor in range(whole_factor(height, width, IMAGE_SIDE), 0, -1):
        cell = height * factor + below, max(width * factor + 2, widest)
        rows, columns = near_square(count, *cell)
        if max(rows * cell[0], columns * cell[1]) <= SHEET_SIDE:
            break
    return rows, columns, factor
