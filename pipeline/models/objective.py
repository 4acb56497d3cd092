"""The objective of a training: it minimises distortion_weight · distortion + beta · rate."""

from dataclasses import asdict, dataclass
from typing import Any

import keras
from keras import ops

from pipeline.config.values import Natural, Switch, Weight


@keras.saving.register_keras_serializable("pipeline")
@dataclass(frozen=True, kw_only=True)
class Objective:
    """The weights of rate and distortion. With both at 1 the loss is the negative ELBO.

    Attributes:
        beta: weight of the rate (Higgins et al. 2017).
        distortion_weight: weight of the distortion.
        warmup_epochs: epochs over which beta rises from 0 to its value while training; 0 starts at the value.
        free_bits: the least mean rate of a latent dimension in the loss, nats (Kingma et al. 2016, eq. 15).
        sampling: draw the latent from the posterior; false decodes its mean, as a plain autoencoder does.
    """

    beta: Weight
    distortion_weight: Weight
    warmup_epochs: Natural
    free_bits: Weight
    sampling: Switch

    def loss(self, rates: Any, distortion: Any, beta: Any) -> Any:
        """The mean loss of a batch, nats per image.

        Args:
            rates: of each image and latent dimension, nats, [B, D].
            distortion: of each image, nats, [B].
            beta: the weight of the rate in this epoch; see `beta_at`.
        """
        rate = ops.sum(ops.maximum(ops.mean(rates, axis=0), self.free_bits))
        return _weighed(self.distortion_weight, ops.mean(distortion)) + _weighed(beta, rate)

    def beta_at(self, epoch: int) -> float:
        """The weight of the rate in the training of an epoch, counted from 0; validation always uses `beta`."""
        return self.beta * min(1.0, epoch / self.warmup_epochs) if self.warmup_epochs else self.beta

    def get_config(self) -> dict[str, Any]:
        """The settings, for Keras to store with the model."""
        return asdict(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Objective":
        """The objective with the settings that Keras stored."""
        return cls(**config)


def _weighed(weight: Any, part: Any) -> Any:
    """The product of weight and part, and 0 at weight 0: a part without a weight may become infinite."""
    return ops.where(ops.equal(weight, 0.0), 0.0, weight * part)
