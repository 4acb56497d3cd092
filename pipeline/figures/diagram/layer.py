"""A layer of a network as a diagram shows it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.figures.kit.fonts import drawable

LONGEST = 64  # cells of a heading
Family = Literal["input", "convolution", "dense", "other", "output"]


@dataclass(frozen=True)
class Layer:
    """One box.

    Attributes:
        name: unique within its part.
        kind: what it does, type first: `Conv2D 32, 3×3, stride 2, relu`.
        shape: of its output without the batch, or words for it.
        parameters: how many it holds.
        inputs: names of the layers of its part that it reads; none where data enter.
    """

    name: str
    kind: str
    shape: tuple[int, ...] | str
    parameters: int
    inputs: tuple[str, ...] = ()

    @property
    def shape_text(self) -> str:
        """The shape as text, such as `14 × 14 × 32`."""
        return self.shape if isinstance(self.shape, str) else " × ".join(map(str, self.shape))

    @property
    def heading(self) -> str:
        """The kind, after the name where somebody chose one; as it is drawn."""
        type_name = self.kind.split(" ")[0]
        plain = re.sub(r"_\d+$", "", self.name).replace("_", "")
        heading = self.kind if plain.lower() == type_name.lower() else f"{self.name}: {self.kind}"
        return drawable(heading, LONGEST)


def family(layer: Layer, part: Sequence[Layer]) -> Family:
    """Which kind of layer it is: what enters or leaves the part first of all, then by type."""
    if not layer.inputs:
        return "input"
    if not any(layer.name in other.inputs for other in part):
        return "output"
    type_name = layer.kind.split(" ")[0]
    if "Conv" in type_name:
        return "convolution"
    return "dense" if type_name.startswith("Dense") else "other"
