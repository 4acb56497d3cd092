"""The rate in three parts, each with a weight of its own: beta-TCVAE (Chen et al. 2018)."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import keras
from keras import ops

from pipeline.config.values import Weight
from pipeline.models.objectives.objective import Objective, Pass
from pipeline.models.objectives.weighted_elbo import weighed
from pipeline.models.posterior import Posterior


class RateParts(NamedTuple):
    """The rate of a batch in parts, estimated, nats per image (Chen et al. 2018, eq. 2).

    Attributes:
        information: the mutual information of image and latent.
        total_correlation: KL(q(z) ‖ product of its marginals), which says how much the dimensions depend on each other.
        dimensionwise: the sum over dimensions of KL(marginal of q(z) ‖ prior).
    """

    information: Any
    total_correlation: Any
    dimensionwise: Any


@keras.saving.register_keras_serializable("pipeline")
@dataclass(frozen=True, kw_only=True)
class TotalCorrelation(Objective):
    """The mean distortion and the weighted parts of the rate, nats per image (Chen et al. 2018, eq. 4).

    Attributes:
        beta: weight of the total correlation.
        information_weight: weight of the mutual information of image and latent.
        dimensionwise_weight: weight of the divergences of the single dimensions.
    """

    WEIGHTS: ClassVar[tuple[str, ...]] = ("beta", "information_weight", "dimensionwise_weight")
    PAIRS: ClassVar[bool] = True

    beta: Weight
    information_weight: Weight
    dimensionwise_weight: Weight

    def loss(self, passed: Pass) -> Any:
        parts = rate_parts(passed.posterior, passed.latents[0], passed.population)
        weights = passed.weights
        return (
            ops.mean(passed.distortion)
            + weighed(weights["information_weight"], parts.information)
            + weighed(weights["beta"], parts.total_correlation)
            + weighed(weights["dimensionwise_weight"], parts.dimensionwise)
        )


def rate_parts(posterior: Posterior, latents: Any, population: int) -> RateParts:
    """The parts of the rate, by minibatch stratified sampling (Chen et al. 2018, appendix C).

    Args:
        posterior: of B images, [B, D].
        latents: one of each posterior, [B, D].
        population: the number N of images that the batch was drawn from.
    """
    mean, log_variance, latents = (ops.cast(part, "float32") for part in (*posterior, latents))
    prior = ops.sum(_log_density(latents, 0.0, 0.0), axis=1)
    own = ops.sum(_log_density(latents, mean, log_variance), axis=1)
    densities = _log_density(latents[:, None], mean[None], log_variance[None])  # [latent, posterior, D]
    shares = _log_shares(ops.shape(latents)[0], population)[..., None]
    aggregate = ops.logsumexp(ops.sum(densities, axis=2) + shares[..., 0], axis=1)
    marginals = ops.sum(ops.logsumexp(densities + shares, axis=1), axis=1)
    return RateParts(ops.mean(own - aggregate), ops.mean(aggregate - marginals), ops.mean(marginals - prior))


def _log_density(values: Any, mean: Any, log_variance: Any) -> Any:
    """The log density of a Gaussian, nats, in the shape that the arguments broadcast to."""
    return -0.5 * (ops.square(values - mean) * ops.exp(-log_variance) + log_variance + math.log(2 * math.pi))


def _log_shares(batch: Any, population: int) -> Any:
    """The log of the share that each posterior of a batch has in the aggregate one, of each latent, [B, B].

    The posterior that a latent is drawn from has the share 1 / N, one other posterior (N − M) / (N · M), where
    M = B − 1, and each of the rest 1 / M, so that the shares of a latent sum to 1.
    """
    others = ops.maximum(ops.cast(batch, "float32") - 1.0, 1.0)
    number = ops.maximum(float(population), others)
    place = ops.arange(batch)
    distance = (place[None] - place[:, None]) % batch
    rest = (number - others) / (number * others)
    shares = ops.where(distance == 0, 1.0 / number, ops.where(distance == 1, rest, 1.0 / others))
    return ops.log(ops.maximum(shares, 1e-30)) - ops.log(ops.sum(shares, axis=1, keepdims=True))
