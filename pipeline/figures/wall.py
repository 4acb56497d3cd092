"""The same cards of many trainings, the best first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from pipeline.figures.canvas import EDGE, TOP, blank, show, write_head
from pipeline.figures.pixels import resized
from pipeline.figures.style import INK, SMALL, TEXT

SIDE, GAP, HEAD = 232, 8, 46  # pixels: a card, between two of one training, and the text above them
APART, COLUMNS = 26, 3  # pixels between trainings; how many of them beside each other


@dataclass(frozen=True)
class Brick:
    """One training.

    Attributes:
        name, caption: above its cards.
        cards: uint8 [S, S, 3] each; the same number for all.
    """

    name: str
    caption: str
    cards: Sequence[np.ndarray]


def wall(bricks: Sequence[Brick], title: str) -> Figure:
    """Trainings in reading order, three beside each other, each as a row of its cards."""
    if not bricks:
        raise ValueError("there are no bricks; wanted one training or more")
    across = max(len(brick.cards) for brick in bricks)
    width, height = across * (SIDE + GAP) - GAP, HEAD + SIDE
    columns = min(COLUMNS, len(bricks))
    rows = -(-len(bricks) // columns)
    figure = blank(2 * EDGE + columns * (width + APART) - APART, TOP + rows * (height + APART) - APART + EDGE)
    write_head(figure, title)
    for index, brick in enumerate(bricks):
        row, column = divmod(index, columns)
        _lay(figure, brick, EDGE + column * (width + APART), TOP + row * (height + APART))
    return figure


def _lay(figure: Figure, brick: Brick, left: int, top: int) -> None:
    _write(figure, brick.name, left, top, fontsize=TEXT, weight="bold")
    _write(figure, brick.caption, left, top + 20, fontsize=SMALL)
    for index, card in enumerate(brick.cards):
        [fitted] = resized(card[None], SIDE, SIDE)
        show(figure, fitted, left + index * (SIDE + GAP), top + HEAD)


def _write(figure: Figure, text: str, left: int, top: int, **how: Any) -> None:
    width, height = figure.get_size_inches() * figure.dpi
    figure.text(left / width, 1 - top / height, text, color=INK, va="top", **how)
