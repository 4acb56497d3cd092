"""The rows of the figure of several runs: each knows its height in pixels and draws its part of every column."""

import re
import textwrap
from collections.abc import Sequence
from itertools import groupby
from typing import Literal, Protocol

import numpy as np
from matplotlib.figure import Figure
from rich.cells import cell_len

from pipeline.figures.kit.canvas import place, place_image, text_width, write_lines
from pipeline.figures.kit.fonts import drawable
from pipeline.figures.kit.legend import LegendLines
from pipeline.figures.kit.limits import Limits
from pipeline.figures.kit.style import DPI, INK, SMALL, TEXT
from pipeline.figures.latent.panel import draw_points, name_axes
from pipeline.figures.side_by_side.column import Column
from pipeline.text.wording import wrapped

COLUMN_GAP = 64  # pixels between two columns, which hold the numbers of a scatter's vertical axis
SCATTER_FOOT = 38  # pixels under a scatter, for the numbers and the name of its horizontal axis
NAME_LINE = 20  # pixels of a line of a run's name
CAPTION_LINE = 17  # pixels of a line of a run's caption
NAME_CELLS = 160  # of a run's name; the middle of a longer one is left out


class Row(Protocol):
    """One row over all columns."""

    label: str
    height: int

    def draw(self, figure: Figure, lefts: Sequence[int], top: int) -> None:
        """Draw each column's part with its upper left corner at these pixels of the figure."""


class Headings:
    """Name and caption of each run, wrapped to the width of a column."""

    label = ""

    def __init__(self, runs: Sequence[Column], width: int) -> None:
        self.names = [
            _wrapped(drawable(run.name, NAME_CELLS), width, TEXT * 1.15) for run in runs
        ]  # bold letters are wider
        self.captions = [_wrapped(run.caption, width, SMALL) for run in runs]
        self.drop = NAME_LINE * max(map(len, self.names)) + 2
        self.height = self.drop + CAPTION_LINE * max(map(len, self.captions))

    def draw(self, figure: Figure, lefts: Sequence[int], top: int) -> None:
        for left, name, caption in zip(lefts, self.names, self.captions, strict=False):
            write_lines(figure, name, left, top, NAME_LINE, fontsize=TEXT, weight="bold")
            write_lines(figure, caption, left, top + self.drop, CAPTION_LINE, fontsize=SMALL, alpha=0.75)


class ImageRow:
    """One image [H, W, 3] a column."""

    def __init__(self, label: str, images: Sequence[np.ndarray]) -> None:
        self.label = label
        self.images = images
        self.height = max(map(len, images))

    def draw(self, figure: Figure, lefts: Sequence[int], top: int) -> None:
        for left, image in zip(lefts, self.images, strict=False):
            place_image(figure, image, left, top)


class Scatters:
    """The latent space of each run within the limits given for it."""

    def __init__(self, label: str, runs: Sequence[Column], limits: Sequence[Limits], width: int) -> None:
        self.label = label
        self.runs = runs
        self.limits = limits
        self.width = width
        self.height = width + SCATTER_FOOT

    def draw(self, figure: Figure, lefts: Sequence[int], top: int) -> None:
        for left, run, limits in zip(lefts, self.runs, self.limits, strict=False):
            self._scatter(figure, run, limits, left, top)

    def _scatter(self, figure: Figure, run: Column, limits: Limits, left: int, top: int) -> None:
        flat = run.points.dimensions == 1
        classes = run.points.classes
        text = min(SMALL, 0.9 * self.width / (len(classes) + 2) * 72 / DPI) if flat else SMALL - 1
        spill = max(0, classes.widest(text) + 16 - COLUMN_GAP) if flat else 0
        axes = place(figure, left + spill, top, self.width - spill, self.width)
        draw_points(axes, run.points, limits, text=text)
        name_axes(axes, run.points.axis_names(share=" ({:.0%})"), SMALL)
        numbered: Literal["x", "both"] = "x" if flat else "both"
        axes.locator_params(axis=numbered, nbins=5)
        axes.tick_params(axis=numbered, labelsize=SMALL)
        axes.ticklabel_format(axis=numbered, scilimits=(-2, 4))  # long numbers would run into each other
        for axis in (axes.xaxis, axes.yaxis):
            axis.get_offset_text().set(size=SMALL, color=INK)


class Legends:
    """What the colours mean, once for neighbours of the same classes."""

    label = ""

    def __init__(self, runs: Sequence[Column], width: int) -> None:
        self.legends = []
        first = 0
        for names, group in groupby(runs, key=lambda run: tuple(run.points.class_names)):
            labels = [run.points.labels for run in group]
            place = len(labels) * (width + COLUMN_GAP) - COLUMN_GAP
            self.legends.append((first, LegendLines(np.concatenate(labels), names, place)))
            first += len(labels)
        self.height = max(legend.height for _, legend in self.legends)

    def draw(self, figure: Figure, lefts: Sequence[int], top: int) -> None:
        for first, legend in self.legends:
            legend.draw(figure, lefts[first], top)


def _wrapped(text: str, width: int, size: float) -> list[str]:
    """The text in lines of this width, at this font size; a word that is too long breaks behind a sign such as =."""
    letters = width // text_width("x", size)
    lines: list[str] = []
    for line in text.splitlines():
        for part in textwrap.wrap(line, letters, break_long_words=False, break_on_hyphens=False):
            if cell_len(part) <= letters:
                lines.append(part)
            elif " " in part:  # letters that are twice as wide
                lines += wrapped(part, letters)
            else:
                pieces = wrapped(re.sub(r"([=,._/])", r"\1 ", part), letters)
                lines += [piece.replace(" ", "") for piece in pieces]
    return lines
