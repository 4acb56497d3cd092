"""Layered layout of a network: each layer in a row below all that it reads, and no connection through a box.

After Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures" (1981): where a
connection passes a row, a dummy vertex keeps room for it there.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

import numpy as np

from pipeline.figures.diagram.layer import Layer

BOX_HEIGHT = 42
"""Pixels: two lines of text."""
ROW_GAP = 24
"""Pixels between two rows: a curve to a box beside the next one still bends gently."""
COLUMN_GAP = 16
"""Pixels between two boxes of a row, and between a box and a connection that passes it."""

Point = tuple[float, float]
"""Pixels rightwards and downwards; the first row has its upper edge at 0."""


@dataclass(frozen=True)
class Layout:
    """Boxes and connections in pixels.

    Attributes:
        middles: of each box, by the name of its layer.
        widths: of each box.
        connections: from the lower edge of each box to the upper edge of each that reads it. The connection crosses a
            gap between two rows from its first point to its second, then a row, then a gap again.
        right, bottom: where all of them end.
    """

    middles: Mapping[str, Point]
    widths: Mapping[str, float]
    connections: Sequence[Sequence[Point]]
    right: float
    bottom: float


def layered_layout(layers: Sequence[Layer], text_widths: Mapping[str, float], left: float = 0) -> Layout:
    """A place for each layer, as near as can be to below the middle of what it reads.

    Args:
        layers: of one network.
        text_widths: pixels that a box must have, by the name of its layer.
        left: pixels at which the layout begins.

    Raises:
        ValueError: a layer reads another that is not there.
    """
    row_of = rows(layers)
    widths = _box_widths(row_of, text_widths)
    x = _columns(layers, row_of, widths)
    edges = [(x[name, row], widths[name] / 2) for name, row in row_of.items()] + [(middle, 0) for middle in x.values()]
    shift = left - min(middle - half for middle, half in edges)

    def point(name: str, row: int, down: float) -> Point:
        return x[name, row] + shift, row * (BOX_HEIGHT + ROW_GAP) + down

    def connection(source: str, reader: str) -> list[Point]:
        passed = range(row_of[source] + 1, row_of[reader])
        dummies = [point(source, row, edge) for row in passed for edge in (0, BOX_HEIGHT)]
        return [point(source, row_of[source], BOX_HEIGHT), *dummies, point(reader, row_of[reader], 0)]

    return Layout(
        middles={name: point(name, row, BOX_HEIGHT / 2) for name, row in row_of.items()},
        widths=widths,
        connections=[connection(source, layer.name) for layer in layers for source in layer.inputs],
        right=max(middle + half for middle, half in edges) + shift,
        bottom=max(row_of.values()) * (BOX_HEIGHT + ROW_GAP) + BOX_HEIGHT,
    )


def rows(layers: Sequence[Layer]) -> dict[str, int]:
    """The row of each layer, by its name: as many layers are on the longest way to it from an input."""
    inputs = {layer.name: layer.inputs for layer in layers}
    row_of: dict[str, int] = {}
    for name in TopologicalSorter(inputs).static_order():
        if name not in inputs:
            raise ValueError(f"a layer reads {name!r}, which is no layer of its part: {', '.join(inputs)}")
        row_of[name] = 1 + max((row_of[source] for source in inputs[name]), default=-1)
    return {name: row_of[name] for name in inputs}


def _box_widths(row_of: Mapping[str, int], text_widths: Mapping[str, float]) -> dict[str, float]:
    """One width for all boxes that stand alone in their rows, and one for each row of several."""
    boxes = Counter(row_of.values())
    group = {name: row if boxes[row] > 1 else None for name, row in row_of.items()}
    return {name: max(text_widths[other] for other in group if group[other] == group[name]) for name in group}


def _columns(
    layers: Sequence[Layer], row_of: Mapping[str, int], widths: Mapping[str, float]
) -> dict[tuple[str, int], float]:
    """Middles of boxes and of dummy vertices, by a layer and the row where it stands, or where what it gives passes."""
    last_row: dict[str, int] = {}  # in which a layer is read
    for layer in layers:
        last_row |= {name: max(last_row.get(name, 0), row_of[layer.name]) for name in layer.inputs}
    x: dict[tuple[str, int], float] = {}
    for row in range(max(row_of.values()) + 1):
        boxes = {layer.name: layer.inputs for layer in layers if row_of[layer.name] == row}
        passing = [name for name, last in last_row.items() if row_of[name] < row < last]
        desired = [float(np.mean([x[name, row_of[name]] for name in inputs] or [0.0])) for inputs in boxes.values()]
        desired += [x[name, row - 1] for name in passing]
        spread = _spread(np.array(desired), np.array([widths[name] for name in boxes] + [0.0] * len(passing)))
        x |= {(name, row): middle for name, middle in zip([*boxes, *passing], spread.tolist(), strict=True)}
    return x


def _spread(desired: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """Middles [K] near the desired ones [K] that keep boxes of these widths [K] apart; dummies of width 0 give way."""
    order = np.argsort(desired, kind="stable")
    near, sizes = desired[order], widths[order]
    offsets = np.concatenate([[0], np.cumsum((sizes[:-1] + sizes[1:]) / 2 + COLUMN_GAP)])
    free = np.maximum.accumulate(near - offsets) + offsets
    middles = np.empty_like(desired)
    middles[order] = free + (near - free)[sizes > 0].mean()
    return middles
