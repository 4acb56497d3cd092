"""Regularised autoencoders, which have no noise, and a penalty of the decoder in its place (Ghosh et al. 2020, RAE)."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import keras
import tensorflow as tf
from keras import ops

from pipeline.config.values import Weight
from pipeline.models.objectives.objective import Objective, Pass
from pipeline.models.objectives.weighted_elbo import weighed


@keras.saving.register_keras_serializable("pipeline")
@dataclass(frozen=True, kw_only=True)
class Regularised(Objective):
    """The mean distortion, and weighted penalties of the latents and of the decoder (Ghosh et al. 2020, eq. 11).

    Latents follow no prior: samples are of a density that is fitted to them (section 4).

    Attributes:
        beta: weight of |z|² / 2.
        decoder_weight: weight of the penalty of the decoder, which the paper does not halve: it is 2 λ of eq. 11.
        penalty: half the sum of its squared weights (RAE-L2), or of the squared derivatives of its outputs with respect
            to the latent (RAE-GP).
    """

    WEIGHTS: ClassVar[tuple[str, ...]] = ("beta", "decoder_weight")
    RATE: ClassVar[str | None] = None
    DECODES: ClassVar[bool] = True
    sampling = False

    beta: Weight
    decoder_weight: Weight
    penalty: Literal["weights", "gradient"]

    def loss(self, passed: Pass) -> Any:
        size = ops.mean(ops.sum(ops.square(ops.cast(passed.latents[0], "float32")), axis=1))
        of_decoder = weight_penalty(passed.decoder) if self.penalty == "weights" else gradient_penalty(passed)
        return (
            ops.mean(passed.distortion)
            + weighed(passed.weights["beta"], 0.5 * size)
            + weighed(passed.weights["decoder_weight"], of_decoder)
            + weighed(0.0, ops.mean(passed.rates))  # so that all weights of the encoder have a gradient
        )


def weight_penalty(decoder: keras.Model) -> Any:
    """Half the sum of the squared weights of a decoder."""
    return 0.5 * sum(ops.sum(ops.square(ops.cast(each, "float32"))) for each in decoder.trainable_weights)


def gradient_penalty(passed: Pass) -> Any:
    """Half the sum of the squared derivatives of an image's outputs with respect to its latent, the mean of a batch.

    It is estimated from one random direction of each image, without bias (as traces are: Girard 1989, Hutchinson 1990).
    """
    latents = ops.convert_to_tensor(passed.latents[0], "float32")
    with tf.GradientTape() as tape:
        tape.watch(latents)
        outputs = ops.cast(passed.outputs(latents), "float32")
        direction = keras.random.normal(ops.shape(outputs), dtype="float32", seed=passed.seed)
        along = ops.sum(outputs * direction)
    return 0.5 * ops.mean(ops.sum(ops.square(tape.gradient(along, latents)), axis=1))
