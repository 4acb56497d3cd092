"""The layers of a network and their connections, as the diagram takes them."""

from itertools import chain
from typing import Any

import keras

from pipeline.figures import Layer
from pipeline.models.keras_internals import nodes_by_depth


def layers_of(model: keras.Model) -> list[Layer]:
    """The layers of a functional model, each after what it reads.

    A layer that is called again appears again, as `name again`, without its parameters.
    """
    levels = [reversed(level) for level in nodes_by_depth(model)]
    names: dict[int, str] = {}
    layers: dict[str, Layer] = {}
    for node in chain.from_iterable(levels):
        name = node.operation.name
        while name in layers:
            name += " again"
        names |= {id(tensor): name for tensor in node.outputs}
        inputs = dict.fromkeys(names[id(tensor)] for tensor in node.input_tensors)
        parameters = node.operation.count_params() if isinstance(node.operation, keras.Layer) else 0
        layers[name] = Layer(
            name=name,
            kind=_kind(node.operation),
            shape=_shape(node.outputs),
            parameters=0 if name.endswith(" again") else parameters,
            inputs=tuple(inputs),
        )
    return list(layers.values())


def _kind(operation: Any) -> str:
    """The type and what it was set to: `Conv2D 32, 3×3, stride 2, relu`."""
    settings = [str(getattr(operation, name)) for name in ("filters", "units", "rate") if hasattr(operation, name)]
    settings += [_by(getattr(operation, name)) for name in ("kernel_size", "pool_size") if hasattr(operation, name)]
    strides = set(getattr(operation, "strides", (1,)))
    if strides != {1}:
        settings.append(f"stride {strides.pop() if len(strides) == 1 else _by(operation.strides)}")
    activation = getattr(operation, "activation", keras.activations.linear)
    if activation not in (None, keras.activations.linear):
        settings.append(getattr(activation, "__name__", type(activation).__name__))
    return f"{type(operation).__name__} {', '.join(settings)}".rstrip()


def _by(sizes: tuple[int, ...]) -> str:
    return "×".join(map(str, sizes))


def _shape(outputs: Any) -> tuple[int, ...] | str:
    """Without the batch; of several outputs, in words."""
    shapes = [tuple(tensor.shape[1:]) for tensor in outputs]
    return shapes[0] if len(shapes) == 1 else " and ".join(" × ".join(map(str, shape)) for shape in shapes)
