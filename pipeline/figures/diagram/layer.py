"""A layer of a network as a diagram shows it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.figures.kit.fonts import drawable

LONGEST = 64
"""Cells of a heading."""
Role = Literal["input", "convolution", "dense", "reshape and others", "output"]
"""What a layer is to its part, as the legend names it."""


@dataclass(frozen=True)
class Layer:
    """A layer of a part, such as the encoder, and what it reads there.

    Attributes:
        name: unique within its part.
        kind: what it does, type first: `Conv2D 32, 3×3, stride 2, relu`.
        shape: of its output without the batch, or words for it.
        parameters: the number of its weights.
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
        """The kind as it is drawn, after the name where somebody chose one."""
        type_name = self.kind.split(" ")[0]
        plain = re.sub(r"_\d+$", "", self.name).replace("_", "")
        heading = self.kind if plain.lower() == type_name.lower() else f"{self.name}: {self.kind}"
        return drawable(heading, LONGEST)


def role(layer: Layer, part: Sequence[Layer]) -> Role:
    """The role of a layer: whether data enter or leave its part there, else what its type does."""
    if not layer.inputs:
        return "input"
    if layer.name in outputs(part):
        return "output"
    type_name = layer.kind.split(" ")[0]
    if "Conv" in type_name:
        return "convolution"
    return "dense" if type_name.startswith("Dense") else "reshape and others"


def outputs(part: Sequence[Layer]) -> tuple[str, ...]:
    """The names of the layers that no other of their part reads."""
    read = {name for layer in part for name in layer.inputs}
    return tuple(layer.name for layer in part if layer.name not in read)


def parameters_text(count: int) -> str:
    """A number of parameters as text, such as `1,168 parameters`."""
    return f"{count:,} parameter{'' if count == 1 else 's'}"
