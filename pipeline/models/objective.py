"""What training minimises: distortion_weight · distortion + beta · rate."""

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
        free_bits: nats of each latent dimension's mean rate that cost nothing extra (Kingma et al. 2016, eq. 15).
        sampling: draw the latent from the posterior; off decodes its mean, as a plain autoencoder does.
    """

    beta: Weight
    distortion_weight: Weight
    warmup_epochs: Natural
    free_bits: Weight
    sampling: Switch

    def loss(self, rates: Any, distortion: Any, beta: Any) -> Any:
        """The mean loss of a batch, nats per image.

        Args:
            rates: of each image and latent dimension, [B, D].
            distortion: of each image, [B].
            beta: the weight of the rate at this moment; see `beta_at`.
        """
        rate = ops.sum(ops.maximum(ops.mean(rates, axis=0), self.free_bits))
        return _weighed(self.distortion_weight, ops.mean(distortion)) + _weighed(beta, rate)

    def beta_at(self, epoch: int) -> float:
        """The weight of the rate while training in this epoch, counted from 0. Validation always uses `beta`."""
        return self.beta * min(1.0, epoch / self.warmup_epochs) if self.warmup_epochs else self.beta

    def get_config(self) -> dict[str, Any]:
        """The settings, for Keras to store with the model."""
        return asdict(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Objective":
        """The objective that was stored."""
        return cls(**config)


def _weighed(weight: Any, part: Any) -> Any:
    """weight · part, and 0 at weight 0 whatever the part: what costs nothing may grow beyond all bounds."""
    return ops.where(ops.equal(weight, 0.0), 0.0, weight * part)
