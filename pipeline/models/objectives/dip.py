"""DIP-VAE: latents whose covariance over the images is the identity (Kumar et al. 2018)."""

from dataclasses import dataclass
from typing import Any, ClassVar

import keras
from keras import ops

from pipeline.config.values import Switch, Weight
from pipeline.errors import InputError
from pipeline.models.objectives.objective import Objective, Pass
from pipeline.models.objectives.weighted_elbo import weighed, weighted_elbo
from pipeline.models.posterior import Posterior


@keras.saving.register_keras_serializable("pipeline")
@dataclass(frozen=True, kw_only=True)
class DisentangledInferredPrior(Objective):
    """The negative ELBO and a penalty of the distance of a covariance from the identity (Kumar et al. 2018, eq. 6, 7).

    The covariance is that of a batch, which also differs from the identity by chance: the less, the more images it has.

    Attributes:
        beta: weight of the rate.
        off_diagonal: weight of the squared covariances of different dimensions.
        diagonal: weight of the squared distances of their variances from 1.
        of_latents: whether the covariance is that of the latents (DIP-VAE-II), or of the posterior means (DIP-VAE-I).
    """

    WEIGHTS: ClassVar[tuple[str, ...]] = ("beta", "off_diagonal", "diagonal")
    PAIRS: ClassVar[bool] = True

    beta: Weight
    off_diagonal: Weight
    diagonal: Weight
    of_latents: Switch

    def check_batch(self, images: int, latent_dim: int) -> None:
        if images <= latent_dim:
            raise InputError(
                f"model.latent_dim={latent_dim}: DIP compares the covariance of a batch with the identity, for which "
                f"batches of {images} images are too small; expected more images than dimensions. Raise "
                "training.batch_size, or lower model.latent_dim"
            )

    def loss(self, passed: Pass) -> Any:
        covariance = covariance_of(passed.posterior, of_latents=self.of_latents)
        variances = ops.diagonal(covariance)
        between = ops.sum(ops.square(covariance)) - ops.sum(ops.square(variances))
        weights = passed.weights
        penalty = weighed(weights["off_diagonal"], between)
        penalty += weighed(weights["diagonal"], ops.sum(ops.square(variances - 1.0)))
        images, dimensions = ops.shape(passed.posterior.mean)
        # The covariance of so few images is far from any identity, whatever they are, such as those of a last batch.
        return weighted_elbo(passed) + ops.where(images > dimensions, penalty, 0.0)


def covariance_of(posterior: Posterior, *, of_latents: bool) -> Any:
    """The covariance over images of the posterior means [B, D], or of latents drawn from the posteriors, [D, D]."""
    mean, log_variance = (ops.cast(part, "float32") for part in posterior)
    centred = mean - ops.mean(mean, axis=0)
    covariance = ops.matmul(ops.transpose(centred), centred) / ops.cast(ops.shape(mean)[0], "float32")
    return covariance + ops.diag(ops.mean(ops.exp(log_variance), axis=0)) if of_latents else covariance
