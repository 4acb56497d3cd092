"""How an image follows from the decoder's outputs: p(image | latent) as a distortion in nats, and its mean as pixels.

Outputs are real numbers (logits where pixels are probabilities), so that every density is computed where it is stable.
All of it runs in float32, whatever the precision of the network.
"""

import math
from abc import abstractmethod
from typing import Any, Literal

import keras
import numpy as np
from keras import ops

from pipeline.config.values import Positive, Switch

Link = Literal["sigmoid", "identity"]
"""From the decoder's output to the mean of a pixel."""


class Likelihood(keras.layers.Layer):
    """A distribution of images given the decoder's outputs.

    Calling it with images and outputs, both [B, H, W, C], gives the distortion −log p(image | latent), nats, [B].

    Attributes:
        levels: how many values of a pixel its density on [0, 1] stands for, 256 as pixels have 8 bits; 1 where it gives
            the probability of a value itself, None where it is no distribution.
    """

    levels: int | None = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32"} | kwargs)

    def call(self, images: Any, outputs: Any) -> Any:
        return ops.sum(self.pixel_distortion(images, outputs), axis=(1, 2, 3))

    @abstractmethod
    def pixel_distortion(self, images: Any, outputs: Any) -> Any:
        """−log p of each pixel, nats, in the shape of the images."""

    @abstractmethod
    def mean(self, outputs: Any) -> Any:
        """The expected image, pixels in [0, 1] where the link is the sigmoid, in the shape of the outputs."""

    def bits_per_dimension(self, nll: float, images: np.ndarray) -> float | None:
        """The mean −log p of images, nats, in bits for each value of a pixel (Theis et al. 2016, section 3.1).

        Density times the width of a level, 1 / 256, is the probability of an 8-bit value.

        Args:
            nll: of all or some of the images.
            images: uint8 [N, H, W, C].

        Returns:
            None where there is no distribution, or one of black and white for images that are grey.
        """
        grey = self.levels == 1 and not ((images == 0) | (images == 255)).all()
        if self.levels is None or grey:
            return None
        return nll / (math.prod(images.shape[1:]) * math.log(2)) + math.log2(self.levels)


@keras.saving.register_keras_serializable("pipeline")
class Bernoulli(Likelihood):
    """Binary pixels; for grey pixels the cross-entropy in nats, as in nearly every published VAE of MNIST."""

    levels = 1

    def pixel_distortion(self, images: Any, outputs: Any) -> Any:
        return _cross_entropy(images, outputs)

    def mean(self, outputs: Any) -> Any:
        return _linked(outputs, "sigmoid")


@keras.saving.register_keras_serializable("pipeline")
class ContinuousBernoulli(Likelihood):
    """A density on [0, 1] with the Bernoulli's shape and its normaliser (Loaiza-Ganem and Cunningham 2019, eq. 5-8)."""

    levels = 256

    def pixel_distortion(self, images: Any, outputs: Any) -> Any:
        return _cross_entropy(images, outputs) - log_normaliser(outputs)

    def mean(self, outputs: Any) -> Any:
        # 1 / (1 − exp(−x)) − 1 / x, with its series where the two terms cancel.
        near, small, away = _near_and_away(ops.cast(outputs, "float32"))
        # tanh keeps every exponent in range: 1 / (1 − exp(−x)) = (1 + 1 / tanh(x / 2)) / 2.
        exact = 0.5 * (1.0 + 1.0 / ops.tanh(0.5 * away)) - 1.0 / away
        square = ops.square(small)
        series = 0.5 + small * (1 / 12 - square * (1 / 720 - square / 30240))
        return ops.where(near, series, exact)


@keras.saving.register_keras_serializable("pipeline")
class Gaussian(Likelihood):
    """Independent Gaussian pixels of one scale, fixed or learned with the network (Rybkin et al. 2021, σ-VAE).

    Args:
        scale: standard deviation of a pixel, where black to white is 1; the start value if it is learned.
        learned: make the scale a parameter of the model.
        link: sigmoid keeps the mean in [0, 1]; identity leaves it free.
    """

    levels = 256

    def __init__(self, *, scale: Positive, learned: Switch, link: Link, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale, self.learned, self.link = scale, learned, link
        start = keras.initializers.Constant(math.log(scale))
        self.log_scale = self.add_weight(shape=(), initializer=start, trainable=learned, name="log_scale")

    def pixel_distortion(self, images: Any, outputs: Any) -> Any:
        # Below a scale of exp(-10) the squared residual over the variance would leave float32's range.
        log_scale = ops.maximum(self.log_scale, -10.0)
        residual = (images - self.mean(outputs)) * ops.exp(-log_scale)
        return 0.5 * ops.square(residual) + log_scale + 0.5 * math.log(2 * math.pi)

    def mean(self, outputs: Any) -> Any:
        return _linked(outputs, self.link)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"scale": self.scale, "learned": self.learned, "link": self.link}


@keras.saving.register_keras_serializable("pipeline")
class SquaredError(Likelihood):
    """Squared error summed over pixels: a Gaussian of variance 1/2 without its normaliser, so not a density.

    Rate and distortion trade as with that Gaussian; the ELBO lacks the constant −(H·W·C / 2) log π.
    """

    def __init__(self, *, link: Link, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.link = link

    def pixel_distortion(self, images: Any, outputs: Any) -> Any:
        return ops.square(images - self.mean(outputs))

    def mean(self, outputs: Any) -> Any:
        return _linked(outputs, self.link)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"link": self.link}


def log_normaliser(logits: Any) -> Any:
    """log C of the continuous Bernoulli, nats: log(x / tanh(x / 2)) of the logit x, which is ln 2 at x = 0."""
    near, small, away = _near_and_away(ops.abs(ops.cast(logits, "float32")))
    exact = ops.log(away) - ops.log(ops.tanh(0.5 * away))
    square = ops.square(small)
    series = math.log(2.0) + square * (1 / 12 - square * (7 / 1440 - square * (31 / 90720)))
    return ops.where(near, series, exact)


def _near_and_away(x: Any) -> tuple[Any, Any, Any]:
    """Whether x is near 0, where a series is exact, and x for the series and for the formula.

    Each of the two is harmless where the other is used: a branch that overflows would make the gradient NaN.
    """
    near = ops.abs(x) < 0.3
    return near, ops.where(near, x, 0.0), ops.where(near, 1.0, x)


def _linked(outputs: Any, link: Link) -> Any:
    outputs = ops.cast(outputs, "float32")
    return ops.sigmoid(outputs) if link == "sigmoid" else outputs


def _cross_entropy(images: Any, logits: Any) -> Any:
    """−x log σ(l) − (1 − x) log(1 − σ(l)), arranged so that neither logarithm can meet 0."""
    return ops.softplus(logits) - images * logits
