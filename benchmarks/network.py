"""The network that all programs train, `conf/model/conv.yaml`, and how much arithmetic it takes."""

import math
from typing import Any

from hydra import compose, initialize_config_dir

from benchmarks.turns import Task
from pipeline.composition import CONF, plain

IMAGE_SHAPE = (28, 28, 1)


def config_for(*overrides: str) -> dict[str, Any]:
    """The config that `python -m pipeline.train` would compose from these overrides."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return plain(compose("train", list(overrides)))


def experiment_for(task: Task) -> Any:
    """Our parts for the task, built as a run builds them, with the default settings where the task says nothing."""
    from pipeline.experiment import Experiment

    return Experiment.from_config(
        config_for(
            "dataset=mnist",
            "model=conv",
            f"training.batch_size={task.batch_size}",
            f"training.epochs={task.rounds}",
            "training.patience=null",
            f"training.runtime.threads={task.threads}",
        )
    )


def multiplications(layer: Any) -> int:
    """Multiply-adds of a Keras layer for one image, forward; 0 for layers without a kernel."""
    kernel = getattr(layer, "kernel", None)
    if kernel is None:
        return 0
    # A convolution applies its kernel at every output pixel, a transposed one at every input pixel, a dense layer once.
    pixels = layer.input.shape[1:-1] if "Transpose" in type(layer).__name__ else layer.output.shape[1:-1]
    return math.prod(kernel.shape) * math.prod(pixels)


def training_flop(*networks: Any) -> int:
    """Floating-point operations of one training step for one image.

    A multiply-add counts two; the backward pass takes two products of the forward pass's size, for the gradients of the
    weights and of the inputs. Activations, loss and optimizer are left out, so that this is a lower bound but for the
    first layer, which needs no gradient of its input (below 1 % of the whole here).
    """
    return 3 * 2 * sum(multiplications(layer) for network in networks for layer in network.layers)
