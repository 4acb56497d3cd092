"""The approximate posterior q(z | x): a Gaussian with diagonal covariance, and its distance to the prior N(0, 1)."""

from typing import Any, NamedTuple

import keras
from keras import ops


class Posterior(NamedTuple):
    """A Gaussian for each image."""

    mean: Any  # [B, D]
    log_variance: Any  # [B, D]

    def sample(self, seed: keras.random.SeedGenerator) -> Any:
        """One latent for each image, [B, D], by the reparameterisation trick (Kingma and Welling 2014, eq. 10)."""
        noise = keras.random.normal(ops.shape(self.mean), dtype=self.mean.dtype, seed=seed)
        return self.mean + ops.exp(0.5 * self.log_variance) * noise

    def rates(self) -> Any:
        """KL(posterior ‖ prior) of every latent dimension, nats, [B, D] (Kingma and Welling 2014, appendix B).

        Above a variance of exp(80) it goes on linearly: nothing bounds the variance where the rate has no weight, and
        float32 ends there.
        """
        mean, log_variance = (ops.cast(part, "float32") for part in self)
        bounded = ops.minimum(log_variance, 80.0)
        # Not expm1, though it keeps more digits near 0: on CPUs its last bit differs from process to process.
        variance = ops.exp(bounded) * (1.0 + log_variance - bounded)
        return 0.5 * (ops.square(mean) + variance - 1.0 - log_variance)


@keras.saving.register_keras_serializable("pipeline")
class SoftplusScale(keras.layers.Layer):
    """The log variance of a scale that is given as softplus of its input; exact where softplus itself would be 0."""

    def call(self, raw: Any) -> Any:
        # log softplus(x) = x + O(exp(x)) for small x; the inner maximum keeps the unused branch's gradient finite.
        small = raw < -15.0
        return 2.0 * ops.where(small, raw, ops.log(ops.softplus(ops.maximum(raw, -15.0))))
