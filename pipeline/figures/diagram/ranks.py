"""Where the boxes of a network stand: in ranks from the top down, each below everything that it reads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

import numpy as np

from pipeline.figures.diagram.layer import Layer

GAP, APART = 24, 16  # pixels between two ranks, and between two boxes of one rank


@dataclass(frozen=True)
class Box:
    """A layer's place, pixels downwards and rightwards; `x` is the middle."""

    layer: Layer
    rank: int
    x: float
    top: float
    width: float
    height: float

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.top + self.height

    @property
    def left(self) -> float:
        """Its left edge."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width / 2

    def covers(self, x: float) -> bool:
        """Whether a vertical line at x would meet it, or come too close."""
        return abs(x - self.x) < self.width / 2 + 8


def ranked(part: Sequence[Layer]) -> list[list[Layer]]:
    """The layers by the longest way from an input, in their order within each rank."""
    inputs = {layer.name: layer.inputs for layer in part}
    rank: dict[str, int] = {}
    for name in TopologicalSorter(inputs).static_order():
        if name not in inputs:
            raise ValueError(f"a layer reads {name!r}, which is no layer of its part: {', '.join(inputs)}")
        rank[name] = 1 + max((rank[source] for source in inputs[name]), default=-1)
    rows: list[list[Layer]] = [[] for _ in range(max(rank.values()) + 1)]
    for layer in part:
        rows[rank[layer.name]].append(layer)
    return rows


def placed(rows: Sequence[Sequence[Layer]], size: Callable[[Layer], tuple[float, float]], middle: float) -> list[Box]:
    """Boxes of the sizes (width, height), each as near as can be to below the middle of what it reads.

    The first rank has its top at 0 and lies around the middle.
    """
    boxes: dict[str, Box] = {}
    top = 0.0
    for rank, row in enumerate(rows):
        desired = {layer.name: float(np.mean([boxes[name].x for name in layer.inputs] or [middle])) for layer in row}
        ordered = sorted(row, key=lambda layer: desired[layer.name])
        sizes = [size(layer) for layer in ordered]
        middles = _spread(np.array([desired[layer.name] for layer in ordered]), np.array([width for width, _ in sizes]))
        for layer, x, (width, height) in zip(ordered, middles, sizes, strict=True):
            boxes[layer.name] = Box(layer, rank, float(x), top, width, height)
        top += max(height for _, height in sizes) + GAP
    return list(boxes.values())


def _spread(desired: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """Middles near the desired ones (ascending), moved no more than keeps boxes of these widths apart."""
    offsets = np.concatenate([[0], np.cumsum((widths[:-1] + widths[1:]) / 2 + APART)])
    free = np.maximum.accumulate(desired - offsets) + offsets
    return np.asarray(free + (desired - free).mean())
