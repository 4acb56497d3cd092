"""The importance-weighted bound, as an objective (Burda et al. 2016, "Importance weighted autoencoders")."""

import math
from dataclasses import dataclass, field
from typing import Any

import keras
from keras import ops

from pipeline.config.values import Count, Weight
from pipeline.models.objectives.objective import Objective, Pass
from pipeline.models.objectives.weighted_elbo import weighted_elbo
from pipeline.models.posterior import Posterior


@keras.saving.register_keras_serializable("pipeline")
@dataclass(frozen=True, kw_only=True)
class ImportanceWeighted(Objective):
    """−log of the mean of K weights p(image, z) / q(z | image), nats per image (Burda et al. 2016, eq. 8).

    With one latent it is the negative ELBO, whose rate is known in closed form.

    Attributes:
        beta: weight of log q(z | image) − log p(z); with any but 1 it bounds no likelihood.
        samples: latents drawn for each image.
    """

    beta: Weight
    samples: Count = field()

    def loss(self, passed: Pass) -> Any:
        if passed.samples == 1:
            return weighted_elbo(passed)
        return importance_bound(log_weights(passed, passed.posterior))


def log_weights(passed: Pass, posterior: Posterior) -> Any:
    """log p(image, z) − log q(z | image) of each latent, nats, [K, B], under a posterior."""
    return -(passed.distortions + passed.weights["beta"] * posterior.log_ratios(passed.latents))


def importance_bound(weights: Any) -> Any:
    """The mean over images of −log of their mean weight, nats, of log weights [K, B]."""
    return math.log(weights.shape[0]) - ops.mean(ops.logsumexp(weights, axis=0))
