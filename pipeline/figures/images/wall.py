"""The same cards of many trainings, the best first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from pipeline.figures.kit.canvas import EDGE, TOP, blank, show, text_width, write_head
from pipeline.figures.kit.fonts import drawable
from pipeline.figures.kit.rgb import resized
from pipeline.figures.kit.style import INK, SMALL, TEXT
from pipeline.text.wording import wrapped

SIDE, GAP, HEAD, LINE = 232, 8, 28, 18  # pixels: a card, between two of a training, its name, a line of its caption
APART, COLUMNS = 26, 3  # pixels between trainings; how many of them beside each other
NAME, CAPTION = 52, 400  # cells


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
        raise ValueError("there are no bricks; expected one training or more")
    across = max(len(brick.cards) for brick in bricks)
    width = across * (SIDE + GAP) - GAP
    captions = [wrapped(drawable(brick.caption, CAPTION), int(width / text_width("m", SMALL))) for brick in bricks]
    head = HEAD + LINE * max(map(len, captions))
    height = head + SIDE
    columns = min(COLUMNS, len(bricks))
    rows = -(-len(bricks) // columns)
    figure = blank(2 * EDGE + columns * (width + APART) - APART, TOP + rows * (height + APART) - APART + EDGE)
    write_head(figure, title)
    for index, (brick, caption) in enumerate(zip(bricks, captions, strict=True)):
        row, column = divmod(index, columns)
        left, top = EDGE + column * (width + APART), TOP + row * (height + APART)
        _write(figure, drawable(brick.name, NAME), left, top, fontsize=TEXT, weight="bold")
        _write(figure, "\n".join(caption), left, top + 20, fontsize=SMALL)
        _hang(figure, brick.cards, left, top + head)
    return figure


def _hang(figure: Figure, cards: Sequence[np.ndarray], left: int, top: int) -> None:
    for index, card in enumerate(cards):
        [fitted] = resized(card[None], SIDE, SIDE)
        show(figure, fitted, left + index * (SIDE + GAP), top)


def _write(figure: Figure, text: str, left: int, top: int, **how: Any) -> None:
    width, height = figure.get_size_inches() * figure.dpi
    figure.text(left / width, 1 - top / height, text, color=INK, va="top", **how)
