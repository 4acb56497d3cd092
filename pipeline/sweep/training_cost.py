"""The cost of a training is estimated before it begins: network parameters, memory and floating-point operations."""

import math
from dataclasses import dataclass

import keras

from pipeline.data.images import ImageData
from pipeline.models.arithmetic import training_flop
from pipeline.models.vae import VAE
from pipeline.runs.setup import Setup

BYTES = 4
"""Bytes of a float32 number, in which networks are trained."""
COPIES_OF_PARAMETERS = 4
"""Each parameter is kept with its gradient and the two moments of Adam."""
COPIES_OF_OUTPUTS = 2
"""Each output of a layer is kept with its gradient."""
COPIES_OF_IMAGES = 2
"""Images in memory are held as a data set, and perhaps once more for batches; mapped ones need none of their own."""
TENSORFLOW = 0.6
"""Gigabytes that a process takes once it has imported TensorFlow."""


@dataclass(frozen=True)
class TrainingCost:
    """A training cost is an estimate, made before the training begins.

    Attributes:
        parameters: the number of parameters of the network.
        memory: gigabytes.
        flop: floating-point operations.
    """

    parameters: int
    memory: float
    flop: float


def cost_of(setup: Setup, vae: VAE, data: ImageData) -> TrainingCost:
    """Estimate the cost of training a network on some images, with the batch size, epochs and samples of a setup."""
    parameters = vae.encoder.count_params() + vae.decoder.count_params()
    passes = ((vae.encoder, 1), (vae.decoder, setup.objective.samples))
    outputs = sum(times * _outputs(network) for network, times in passes)
    numbers = COPIES_OF_PARAMETERS * parameters + COPIES_OF_OUTPUTS * outputs * setup.training.batch_size
    images = sum(split.rows.nbytes for split in data.splits.values() if not split.is_mapped)
    memory = (BYTES * numbers + COPIES_OF_IMAGES * images) / 1e9 + TENSORFLOW
    flop = sum(times * training_flop(network) for network, times in passes) * len(data.train) * setup.training.epochs
    return TrainingCost(parameters, memory, flop)


def _outputs(network: keras.Model) -> int:
    """The number of outputs of all layers for one image or latent."""
    layers = [layer for layer in network.layers if not isinstance(layer.output, list | tuple)]
    return sum(math.prod(layer.output.shape[1:]) for layer in layers)
