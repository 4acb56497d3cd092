"""A Gaussian likelihood whose scale is the best one for the images, in closed form (Rybkin et al. 2021)."""

from typing import Any

import keras
from keras import ops

from pipeline.config.values import Share
from pipeline.models.likelihood import HALF_LOG_TURN, LOWEST_LOG_SCALE, Gaussian, Link


@keras.saving.register_keras_serializable("pipeline")
class OptimalGaussian(Gaussian):
    """Independent Gaussian pixels, whose variance is the mean squared error of a batch (Rybkin et al. 2021).

    While training, each batch has the variance that makes it most likely, all latents counted alike. Otherwise it is
    that of the training, as a moving mean of the logarithms, so that the likelihood of an image does not depend on
    other images.

    Args:
        link: sigmoid keeps the mean in [0, 1], identity does not.
        memory: the share of the moving mean that it keeps at each step.
    """

    def __init__(self, *, link: Link, memory: Share, **kwargs: Any) -> None:
        super().__init__(scale=1.0, learned=False, link=link, **kwargs)
        self.memory = memory
        self.seen = self.add_weight(shape=(), initializer="zeros", trainable=False, name="seen")

    def call(self, images: Any, outputs: Any, training: bool = False) -> Any:
        if not training:
            return super().call(images, outputs)
        squares = ops.square(images - self.mean(outputs))
        best = 0.5 * ops.log(ops.maximum(ops.mean(squares), 1e-12))
        # The gradient of the mean distortion loses nothing: at its best scale it does not depend on the scale.
        log_scale = ops.stop_gradient(ops.maximum(best, LOWEST_LOG_SCALE))
        kept = self.memory * self.seen  # nothing of what it was set to before the first batch
        self.log_scale.assign(kept * self.log_scale + (1.0 - kept) * log_scale)
        self.seen.assign(ops.ones_like(self.seen))
        distortion = 0.5 * squares * ops.exp(-2.0 * log_scale) + log_scale + HALF_LOG_TURN
        return ops.sum(distortion, axis=(1, 2, 3))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config() | {"memory": self.memory}
        return {key: value for key, value in config.items() if key not in ("scale", "learned")}
