"""The weighted negative ELBO: distortion_weight · distortion + beta · rate."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import keras
from keras import ops

from pipeline.config.values import Switch, Weight
from pipeline.models.objectives.objective import Objective, Pass


@keras.saving.register_keras_serializable("pipeline")
@dataclass(frozen=True, kw_only=True)
class WeightedElbo(Objective):
    """The weighted sum of distortion and rate; with both weights at 1 the negative ELBO.

    Attributes:
        beta: weight of the rate (Higgins et al. 2017).
        distortion_weight: weight of the distortion.
        free_bits: the least mean rate of a latent dimension in the loss, nats (Kingma et al. 2016, eq. 15).
        sampling: draw the latent from the posterior; false decodes its mean, as a plain autoencoder does.
    """

    WEIGHTS: ClassVar[tuple[str, ...]] = ("beta", "distortion_weight")

    beta: Weight
    distortion_weight: Weight
    free_bits: Weight
    sampling: Switch = field()

    def loss(self, passed: Pass) -> Any:
        return weighted_elbo(passed, free_bits=self.free_bits)


def weighted_elbo(passed: Pass, *, free_bits: float = 0.0) -> Any:
    """The weighted sum of the mean distortion and the mean rate of a batch, nats per image.

    Args:
        passed: whose weights are `beta`, and `distortion_weight` unless it is 1.
        free_bits: the least mean rate of a latent dimension, nats.
    """
    rate = ops.sum(ops.maximum(ops.mean(passed.rates, axis=0), free_bits))
    distortion = ops.mean(passed.distortion)
    return weighed(passed.weights.get("distortion_weight", 1.0), distortion) + weighed(passed.weights["beta"], rate)


def weighed(weight: Any, part: Any) -> Any:
    """The product of weight and part, and 0 at weight 0: a part without a weight may become infinite."""
    return ops.where(ops.equal(weight, 0.0), 0.0, weight * part)
