"""A summary of a network as text, whose width does not depend on a terminal."""

import io
import math
from typing import Any

import keras
from rich.box import HEAVY_HEAD
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

CONSOLE_WIDTH = 10_000
"""Columns of text: more than any table has, so that no line is wrapped."""


def summary(model: keras.Model) -> str:
    """A table of the layers of a functional model: output shape, number of parameters, and the layers that it reads."""
    made_by = {id(tensor): each.name for each in _operations(model) for tensor in keras.tree.flatten(each.output)}
    table = Table("Layer (type)", "Output Shape", Column("Param #", justify="right"), "Connected to", box=HEAVY_HEAD)
    for each in _operations(model):
        count = each.count_params() if isinstance(each, keras.Layer) else 0
        read = [made_by.get(id(tensor), each.name) for tensor in keras.tree.flatten(each.input)]
        sources = [name for name in dict.fromkeys(read) if name != each.name]
        table.add_row(
            *map(Text, (f"{each.name} ({type(each).__name__})", _shapes(each), f"{count:,}", ", ".join(sources)))
        )
    console = Console(file=io.StringIO(), width=CONSOLE_WIDTH, force_jupyter=False, color_system=None)
    with console.capture() as drawn:
        console.print(table)
    fixed = sum(math.prod(weight.shape) for weight in model.non_trainable_weights)
    total = f"Total params: {model.count_params():,}" + (f", not trained: {fixed:,}" if fixed else "")
    return f'Model: "{model.name}"\n{drawn.get()}{total}\n'


def _operations(model: Any) -> list[Any]:
    return list(getattr(model, "operations", model.layers))


def _shapes(operation: Any) -> str:
    """The shapes of an operation's outputs as text, without the batch."""
    shapes = [tuple(tensor.shape[1:]) for tensor in keras.tree.flatten(operation.output)]
    return " and ".join(" × ".join(map(str, shape)) or "scalar" for shape in shapes)
