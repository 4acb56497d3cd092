"""A contact sheet of a study: the same cards of each trial, the best trial first."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from pipeline.figures.kit.canvas import EDGE, TOP, blank, place_image, text_width, write_head, write_lines
from pipeline.figures.kit.fonts import drawable
from pipeline.figures.kit.rgb import resized
from pipeline.figures.kit.style import SMALL, TEXT
from pipeline.text.wording import wrapped

COLUMNS = 3  # trials beside each other
CARD_SIDE = 232  # pixels
CARD_GAP = 8  # pixels between two cards of a trial
TRIAL_GAP = 26  # pixels between two trials
NAME_LINE = 22  # pixels of the line that names a trial
CAPTION_LINE = 16  # pixels of a line of its caption
NAME_CELLS = 52  # of a name; the middle of a longer one is left out
CAPTION_CELLS = 400  # of a caption, likewise


@dataclass(frozen=True)
class TrialCards:
    """What a contact sheet shows of one trial.

    Attributes:
        name, caption: above the cards.
        cards: uint8 [S, S, 3] each; the same number for all trials.
    """

    name: str
    caption: str
    cards: Sequence[np.ndarray]


def trial_sheet(trials: Sequence[TrialCards], title: str) -> Figure:
    """Trials in reading order, three beside each other, each as a row of its cards.

    Raises:
        ValueError: there is no trial.
    """
    if not trials:
        raise ValueError("there are no trials; expected one or more")
    width = max(len(trial.cards) for trial in trials) * (CARD_SIDE + CARD_GAP) - CARD_GAP
    cells = int(width / text_width("m", SMALL))
    captions = [wrapped(drawable(trial.caption, CAPTION_CELLS), cells) for trial in trials]
    head = NAME_LINE + CAPTION_LINE * max(map(len, captions)) + 6
    columns = min(COLUMNS, len(trials))
    across = width + TRIAL_GAP
    down = head + CARD_SIDE + TRIAL_GAP
    height = TOP + math.ceil(len(trials) / columns) * down - TRIAL_GAP + EDGE
    figure = blank(2 * EDGE + columns * across - TRIAL_GAP, height)
    write_head(figure, title)
    for index, (trial, caption) in enumerate(zip(trials, captions, strict=True)):
        row, column = divmod(index, columns)
        left, top = EDGE + column * across, TOP + row * down
        write_lines(figure, [drawable(trial.name, NAME_CELLS)], left, top, NAME_LINE, fontsize=TEXT, weight="bold")
        write_lines(figure, caption, left, top + NAME_LINE, CAPTION_LINE, fontsize=SMALL)
        for number, [card] in enumerate(resized(card[None], CARD_SIDE, CARD_SIDE) for card in trial.cards):
            place_image(figure, card, left + number * (CARD_SIDE + CARD_GAP), top + head)
    return figure
