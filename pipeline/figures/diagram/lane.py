"""One part of a network laid out: how large its boxes are, where they stand, how its arrows run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.figures.diagram.layer import Layer, family
from pipeline.figures.diagram.ranks import GAP, Box, placed, ranked
from pipeline.figures.diagram.routes import Route, Routes
from pipeline.figures.kit.canvas import text_width
from pipeline.figures.kit.style import SMALL, TEXT

TALL, LOW, PAD = 42, 26, 10  # pixels: a box of two lines, of one, and left and right of the text in it
BETWEEN = 24  # pixels between two texts on one line


@dataclass(frozen=True)
class Lane:
    """A part in pixels: rightwards, and downwards from the top of its first rank."""

    name: str
    layers: Sequence[Layer]
    boxes: Sequence[Box]
    routes: Routes
    inside: Sequence[Route]

    @property
    def right(self) -> float:
        """Where its boxes, and the ways around them, end."""
        corners = [x for route in self.inside for x, _ in route]
        return max(corners + [box.right for box in self.boxes])

    @property
    def bottom(self) -> float:
        """Where its boxes end below."""
        return max(box.bottom for box in self.boxes)

    @property
    def parameters(self) -> int:
        """The number of parameters of all its layers."""
        return sum(layer.parameters for layer in self.layers)

    def leaving(self, x: float) -> list[Route]:
        """The ways from its outputs to x, GAP below its bottom."""
        outputs = [box for box in self.boxes if family(box.layer, self.layers) == "output"]
        return [self.routes.way(box, x, self.bottom + GAP, self.boxes[-1].rank + 1) for box in outputs]

    def entering(self, x: float) -> list[Route]:
        """The ways from x, GAP above its top, to its inputs."""
        return [[(x, -GAP), (box.x, -GAP), (box.x, box.top)] for box in self.boxes if not box.layer.inputs]


def lane(name: str, layers: Sequence[Layer], left: float) -> Lane:
    """The part laid out with its boxes from `left` on."""
    rows = ranked(layers)
    low = {layer.name for layer in layers if _says_it_in_a_line(layer, layers)}
    widths = _widths(rows, {layer.name: _width(layer, layer.name in low) for layer in layers})

    def around(middle: float) -> list[Box]:
        return placed(rows, lambda layer: (widths[layer.name], LOW if layer.name in low else TALL), middle)

    boxes = around(left - min(box.left for box in around(0)))
    routes = Routes(boxes)
    return Lane(name, layers, boxes, routes, routes.inside())


def _widths(rows: Sequence[Sequence[Layer]], least: Mapping[str, int]) -> dict[str, int]:
    """One width for the trunk, one for each rank of branches, and at least that of its branch for what follows one."""
    trunk = max((least[row[0].name] for row in rows if len(row) == 1), default=0)
    widths: dict[str, int] = {}
    branched: set[str] = set()
    for row in rows:
        widest = max(least[layer.name] for layer in row)
        for layer in row:
            follows = len(layer.inputs) == 1 and layer.inputs[0] in branched
            if len(row) > 1 or follows:
                branched.add(layer.name)
            before = widths[layer.inputs[0]] if follows else widest
            widths[layer.name] = max(widest, before) if layer.name in branched else trunk
    return widths


def parameters_text(count: int) -> str:
    """With thousands set apart."""
    return f"{count:,} parameter{'' if count == 1 else 's'}"


def _says_it_in_a_line(layer: Layer, layers: Sequence[Layer]) -> bool:
    """Whether its shape goes without saying: it neither convolves nor weighs, and keeps what it reads in shape."""
    shapes = {other.name: other.shape for other in layers}
    return family(layer, layers) == "other" and all(shapes[name] == layer.shape for name in layer.inputs)


def _width(layer: Layer, low: bool) -> int:
    heading, count = text_width(layer.heading, TEXT), text_width(parameters_text(layer.parameters), SMALL)
    if low:
        return heading + BETWEEN + count + 2 * PAD
    return max(heading, text_width(layer.shape_text, SMALL) + BETWEEN + count) + 2 * PAD
