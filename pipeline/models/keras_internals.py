"""Private names of Keras, each with the reason why no public name will do. A test checks that Keras still has them."""

from typing import Any

import keras


def nodes_by_depth(model: keras.Model) -> list[list[Any]]:
    """The calls of layers in a functional model, those next to the inputs first, as Keras' nodes.

    Publicly a model tells its layers, and each layer only the tensors of its first call; a layer that is called twice
    would lose its second call.
    """
    return [nodes for _, nodes in sorted(model._nodes_by_depth.items(), reverse=True)]
