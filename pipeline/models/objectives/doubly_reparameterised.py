"""The doubly reparameterised gradient of the importance-weighted bound (Tucker et al. 2019, DReG)."""

from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from pipeline.models.objectives.importance_weighted import ImportanceWeighted, importance_bound, log_weights
from pipeline.models.objectives.objective import Pass
from pipeline.models.objectives.weighted_elbo import weighted_elbo
from pipeline.models.posterior import Posterior


@keras.saving.register_keras_serializable("pipeline")
@dataclass(frozen=True, kw_only=True)
class DoublyReparameterised(ImportanceWeighted):
    """The importance-weighted bound, whose gradient with respect to the encoder has less variance.

    A latent's share of that gradient is the square of its normalised weight (Tucker et al. 2019); the gradient
    with respect to the decoder is that of the bound.
    """

    def loss(self, passed: Pass) -> Any:
        if passed.samples == 1:
            return weighted_elbo(passed)
        frozen = Posterior(*map(ops.stop_gradient, passed.posterior))
        weights = log_weights(passed, frozen)
        shares = ops.stop_gradient(ops.softmax(weights, axis=0))
        # Symbolic, in the graph of the training step, so that images are decoded once.
        of_both = (tf.gradients(part, passed.latents)[0] for part in (weights, passed.distortions))
        of_weights, of_distortions, latents = (ops.cast(each, "float32") for each in (*of_both, passed.latents))
        shares_of_latents = shares[..., None]
        # What the distortion below sends to the latents is taken back, and the squared shares are put in its place.
        pull = ops.stop_gradient(-shares_of_latents * of_distortions - ops.square(shares_of_latents) * of_weights)
        parts = ops.sum(shares * passed.distortions, axis=0) + ops.sum(pull * latents, axis=(0, 2))
        gradient = ops.mean(parts)
        return gradient + ops.stop_gradient(importance_bound(weights) - gradient)

    def value(self, passed: Pass) -> Any:
        return super().loss(passed)
