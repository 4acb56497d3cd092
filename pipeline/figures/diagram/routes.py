"""The way of an arrow from a box of a network to what reads it, around the boxes between them."""

from collections.abc import Sequence

from pipeline.figures.diagram.ranks import GAP, Box

Route = list[tuple[float, float]]  # corners from the start to the arrowhead, x and y
LANE = 14  # pixels between boxes and a way around them, and between two such ways


class Routes:
    """Finds ways between the boxes of a part, none around the boxes on top of another.

    Args:
        boxes: all of them.
    """

    def __init__(self, boxes: Sequence[Box]) -> None:
        self.boxes = boxes
        self._around: list[tuple[float, int, int]] = []  # x, first and last rank that it passes

    def inside(self) -> list[Route]:
        """A way for every input of every box."""
        named = {box.layer.name: box for box in self.boxes}
        return [
            self.way(named[name], target.x, target.top, target.rank)
            for target in self.boxes
            for name in target.layer.inputs
        ]

    def way(self, source: Box, x: float, top: float, rank: int) -> Route:
        """From the source's lower edge down to (x, top), where a box of this rank stands: straight where nothing is in
        between, else with the bend below or above what is, else around it on the right."""
        between = [box for box in self.boxes if source.rank < box.rank < rank]
        above, below = min((box.top for box in between), default=top) - GAP / 2, top - GAP / 2
        if not any(box.covers(source.x) for box in between):
            bends = [(source.x, below), (x, below)] if source.x != x else []
        elif not any(box.covers(x) for box in between):
            bends = [(source.x, above), (x, above)]
        else:
            beside = self._beside(between)
            bends = [(source.x, above), (beside, above), (beside, below), (x, below)]
        return [(source.x, source.bottom), *bends, (x, top)]

    def _beside(self, between: Sequence[Box]) -> float:
        """An x right of these boxes on which no other way runs at their height."""
        first, last = between[0].rank, between[-1].rank
        x = max(box.right for box in between) + LANE
        while any(abs(x - taken) < LANE and start <= last and first <= end for taken, start, end in self._around):
            x += LANE
        self._around.append((x, first, last))
        return x
