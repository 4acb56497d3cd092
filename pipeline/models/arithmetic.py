"""The number of arithmetic operations of a network."""

import math
from typing import Any


def multiplications(layer: Any) -> int:
    """The number of multiply-adds of a Keras layer in a forward pass of one image; 0 for layers without a kernel."""
    kernel = getattr(layer, "kernel", None)
    if kernel is None:
        return 0
    # A convolution applies its kernel at every output pixel, a transposed one at every input pixel, a dense layer once.
    pixels = layer.input.shape[1:-1] if "Transpose" in type(layer).__name__ else layer.output.shape[1:-1]
    return math.prod(kernel.shape) * math.prod(pixels)


def training_flop(*networks: Any) -> int:
    """The number of floating-point operations of one training step for one image, or for one latent of it.

    A multiply-add counts two; the backward pass has two products of the forward pass's size, for the gradients of the
    weights and of the inputs. Activations, loss and optimizer are left out, so that the number is a lower bound but for
    the first layer, which needs no gradient of its input (below 1 % of the whole in this project's networks).
    """
    # Two operations in a multiply-add, and three products of the same size: one forward, two backward.
    return 3 * 2 * sum(multiplications(layer) for network in networks for layer in network.layers)
