"""The approximate posterior q(z | x): a Gaussian of diagonal covariance, and its divergence from the prior N(0, 1)."""

from typing import Any, NamedTuple

import keras
from keras import ops

MOST_LOG_VARIANCE = 80.0
"""The log variance up to which the variance is exact: exp(89) is beyond float32."""

LEAST_RAW = -15.0
"""The input of a softplus below which its logarithm is the input, in float32's precision."""


class Posterior(NamedTuple):
    """A Gaussian for each image.

    Attributes:
        mean: float [B, D].
        log_variance: float [B, D].
    """

    mean: Any
    log_variance: Any

    def sample(self, seed: keras.random.SeedGenerator, samples: int = 1) -> Any:
        """Latents of each image, [K, B, D], by the reparameterisation trick (Kingma and Welling 2014, eq. 10)."""
        shape = (samples, *ops.shape(self.mean))
        noise = keras.random.normal(shape, dtype=self.mean.dtype, seed=seed)
        return self.mean + ops.exp(0.5 * self.log_variance) * noise

    def log_ratios(self, latents: Any) -> Any:
        """log q(z | image) − log p(z) of latents [K, B, D], nats, [K, B]; its mean over q is the rate."""
        mean, log_variance, latents = (ops.cast(part, "float32") for part in (*self, latents))
        noise = (latents - mean) * ops.exp(-0.5 * log_variance)
        return 0.5 * ops.sum(ops.square(latents) - ops.square(noise) - log_variance, axis=-1)

    def rates(self) -> Any:
        """KL(posterior ‖ prior) of every latent dimension, nats, [B, D] (Kingma and Welling 2014, appendix B).

        Above `MOST_LOG_VARIANCE` the variance is linear in its logarithm: where the rate has no weight nothing bounds
        the variance, and it would become infinite.
        """
        mean, log_variance = (ops.cast(part, "float32") for part in self)
        bounded = ops.minimum(log_variance, MOST_LOG_VARIANCE)
        # Not expm1, which keeps more digits near 0: on CPUs its last bit differs from process to process.
        variance = ops.exp(bounded) * (1.0 + log_variance - bounded)
        return 0.5 * (ops.square(mean) + variance - 1.0 - log_variance)


@keras.saving.register_keras_serializable("pipeline")
class SoftplusScale(keras.layers.Layer):
    """The log variance, [B, D], of the standard deviation softplus(raw), for raw inputs [B, D].

    The log variance is exact even where softplus(raw) would be 0 in float32.
    """

    def call(self, raw: Any) -> Any:
        # log softplus(x) = x + O(exp(x)) for small x; the inner maximum keeps the unused branch's gradient finite.
        small = raw < LEAST_RAW
        return 2.0 * ops.where(small, raw, ops.log(ops.softplus(ops.maximum(raw, LEAST_RAW))))
