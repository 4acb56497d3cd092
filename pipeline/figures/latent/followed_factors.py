"""How much each latent tells of each factor of variation: a heat map, as a figure and as a card."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.figures.kit.canvas import EDGE, TOP, blank, headed, place, rendered, text_width
from pipeline.figures.kit.fonts import drawables
from pipeline.figures.kit.style import INK, MUTED, SMALL, TEXT

CELL = (84, 34)  # pixels of the figure's cells, width and height
CARD_SIDE = 448  # pixels
CARD_EDGE = 10  # pixels of paper around a card
FOOT = 62  # pixels under the cells, for the names of the factors and the line about them
CARD_FOOT = 46  # the same of a card
NAME_CELLS = 14  # of the name of a factor
SHOWN = 24  # latents at most
LINE = "mutual information, as a share of the factor's entropy"
MAP = "Blues"
DARK = 0.55  # shares from which on a number is written in white


@dataclass(frozen=True)
class FollowedFactors:
    """The information that latents have of factors.

    Attributes:
        shares: of the entropy of each factor that each latent tells, from 0 to 1, [D, F].
        latents: the name of each latent, [D].
        factors: the name of each factor, [F].
    """

    shares: np.ndarray
    latents: Sequence[str]
    factors: Sequence[str]


def followed_factors(followed: FollowedFactors) -> Figure:
    """Latents as rows, factors as columns, at most 24 latents; each cell with its share."""
    rows, columns = max(1, len(followed.latents[:SHOWN])), len(followed.factors)
    left = EDGE + max([text_width(name, TEXT) for name in followed.latents[:SHOWN]], default=0) + 12
    width = max(columns * CELL[0], text_width(LINE, TEXT))
    figure = headed("What the latents tell of the factors", left + width + EDGE, TOP + rows * CELL[1] + FOOT + EDGE)
    _draw(place(figure, left, TOP, width, rows * CELL[1]), followed, TEXT)
    return figure


def followed_factors_card(followed: FollowedFactors) -> np.ndarray:
    """The same as a card, uint8 [S, S, 3] with S = 448 pixels."""
    left = CARD_EDGE + max([text_width(name, SMALL) for name in followed.latents[:SHOWN]], default=0) + 8
    figure = blank(CARD_SIDE, CARD_SIDE)
    height = CARD_SIDE - CARD_EDGE - CARD_FOOT
    _draw(place(figure, left, CARD_EDGE, CARD_SIDE - CARD_EDGE - left, height), followed, SMALL)
    return rendered(figure)


def _draw(axes: Axes, followed: FollowedFactors, text: float) -> None:
    """Draw the cells into axes, which then have names at their left and lower side, at this font size."""
    shares, latents = followed.shares[:SHOWN], followed.latents[:SHOWN]
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_xlabel(LINE, fontsize=text, color=MUTED, labelpad=6)
    names = drawables(followed.factors, NAME_CELLS)
    axes.set_xticks(range(len(names)), names, fontsize=text, color=INK)
    axes.set_yticks(range(len(latents)), latents, fontsize=text, color=INK)
    if not len(latents):
        why = "no latent is active" if names else "too few images to compare latents and factors"
        axes.text(0.5, 0.5, why, fontsize=text, color=MUTED, ha="center", transform=axes.transAxes)
        return
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.imshow(shares, cmap=MAP, vmin=0, vmax=1, aspect="auto", interpolation="none")
    axes.set_xticks(np.arange(len(names) - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(len(latents) - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="minor", length=0)
    for row, column in np.ndindex(shares.shape):
        share = shares[row, column]
        color = "white" if share >= DARK else INK if share >= 0.1 else MUTED
        axes.text(column, row, f"{share:.2f}", fontsize=text, color=color, ha="center", va="center")
