"""Likelihoods: distributions of an image given the decoder's outputs, with distortions in nats and a mean in pixels.

Outputs are real numbers (logits where pixels are probabilities), so that every density is computed where it is stable.
Likelihoods are computed in float32, whatever the precision of the network.
"""

import math
from abc import abstractmethod
from typing import Any, Literal

import keras
import numpy as np
from keras import ops

from pipeline.config.values import Positive, Switch
from pipeline.data.image_rows import ImageRows

Link = Literal["sigmoid", "identity"]
"""The function from the decoder's output to the mean of a pixel."""

LOWEST_LOG_SCALE = -10.0
"""The least log scale of a Gaussian: below it a squared residual over the variance could leave float32's range."""

HALF_LOG_TURN = 0.5 * math.log(2 * math.pi)
"""The constant of a Gaussian's −log density."""

NEAR_ZERO = 0.3
"""Logits nearer to 0 use a series of three terms, whose error there is below float32's precision."""


class Likelihood(keras.layers.Layer):
    """A distribution of images given the decoder's outputs.

    A call with images in [0, 1] and outputs, both [B, H, W, C], gives the distortion −log p(image | latent), nats, [B].

    Attributes:
        pixel_values: number of values of a pixel that a density on [0, 1] stands for, 256 for pixels of 8 bits; 1 where
            a pixel has a probability instead of a density, None where the likelihood is no distribution.
    """

    pixel_values: int | None = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32"} | kwargs)

    def call(self, images: Any, outputs: Any, training: bool = False) -> Any:
        return ops.sum(self.pixel_distortion(images, outputs), axis=(1, 2, 3))

    @abstractmethod
    def pixel_distortion(self, images: Any, outputs: Any) -> Any:
        """−log p of each pixel, nats, [B, H, W, C], for images in [0, 1] and outputs of this shape."""

    @abstractmethod
    def mean(self, outputs: Any) -> Any:
        """The expected image [..., H, W, C] for outputs of this shape, in [0, 1] where the link is the sigmoid."""

    def bits_per_dimension(self, nll: float, images: np.ndarray) -> float | None:
        """The mean −log p of images in bits for each channel of a pixel (Theis et al. 2016, section 3.1).

        The probability of an 8-bit value is the density times the distance of two values, 1 / 256.

        Args:
            nll: mean −log p of all or some of the images, nats.
            images: uint8 [N, H, W, C].

        Returns:
            Bits; None where the likelihood is no distribution, or one of black and white while the images are grey.
        """
        if self.pixel_values is None or (self.pixel_values == 1 and not _are_black_and_white(images)):
            return None
        return nll / (math.prod(images.shape[1:]) * math.log(2)) + math.log2(self.pixel_values)


def _are_black_and_white(images: np.ndarray) -> bool:
    return all(bool(((part == 0) | (part == 255)).all()) for _, part in ImageRows(images).chunks())


@keras.saving.register_keras_serializable("pipeline")
class Bernoulli(Likelihood):
    """A distribution of binary pixels; for grey pixels the cross-entropy, as in nearly every published VAE of MNIST."""

    pixel_values = 1

    def pixel_distortion(self, images: Any, outputs: Any) -> Any:
        return _cross_entropy(images, outputs)

    def mean(self, outputs: Any) -> Any:
        return _linked(outputs, "sigmoid")


@keras.saving.register_keras_serializable("pipeline")
class ContinuousBernoulli(Likelihood):
    """The continuous Bernoulli: a density on [0, 1] with a normaliser (Loaiza-Ganem and Cunningham 2019)."""

    pixel_values = 256

    def pixel_distortion(self, images: Any, outputs: Any) -> Any:
        return _cross_entropy(images, outputs) - log_normaliser(outputs)

    def mean(self, outputs: Any) -> Any:
        # The mean is 1 / (1 − exp(−x)) − 1 / x of the logit x, with its Taylor series where the two terms cancel.
        near, small, away = _near_and_away(ops.cast(outputs, "float32"))
        # tanh keeps every exponent in range: 1 / (1 − exp(−x)) = (1 + 1 / tanh(x / 2)) / 2.
        exact = 0.5 * (1.0 + 1.0 / ops.tanh(0.5 * away)) - 1.0 / away
        square = ops.square(small)
        series = 0.5 + small * (1 / 12 - square * (1 / 720 - square / 30240))
        return ops.where(near, series, exact)


@keras.saving.register_keras_serializable("pipeline")
class Gaussian(Likelihood):
    """Independent Gaussian pixels with one standard deviation, fixed or learned (Rybkin et al. 2021, σ-VAE).

    Args:
        scale: standard deviation of a pixel, where black is 0 and white 1; the initial value if it is learned.
        learned: make the standard deviation a parameter of the model.
        link: sigmoid keeps the mean in [0, 1], identity does not.
    """

    pixel_values = 256

    def __init__(self, *, scale: Positive, learned: Switch, link: Link, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.learned = learned
        self.link = link
        initial = keras.initializers.Constant(math.log(scale))
        self.log_scale = self.add_weight(shape=(), initializer=initial, trainable=learned, name="log_scale")

    def pixel_distortion(self, images: Any, outputs: Any) -> Any:
        log_scale = ops.maximum(self.log_scale, LOWEST_LOG_SCALE)
        residual = (images - self.mean(outputs)) * ops.exp(-log_scale)
        return 0.5 * ops.square(residual) + log_scale + HALF_LOG_TURN

    def mean(self, outputs: Any) -> Any:
        return _linked(outputs, self.link)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"scale": self.scale, "learned": self.learned, "link": self.link}


@keras.saving.register_keras_serializable("pipeline")
class SquaredError(Likelihood):
    """The squared error summed over pixels: −log of a Gaussian of variance 1/2 without its normaliser, so no density.

    Rate and distortion trade as with this Gaussian; the ELBO lacks the constant −(H·W·C / 2) log π.

    Args:
        link: sigmoid keeps the mean in [0, 1], identity does not.
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
    """The log normaliser of the continuous Bernoulli, nats, in the shape of the logits.

    It is log(x / tanh(x / 2)) of the logit x, and ln 2 at x = 0 (Loaiza-Ganem and Cunningham 2019).
    """
    near, small, away = _near_and_away(ops.abs(ops.cast(logits, "float32")))
    exact = ops.log(away) - ops.log(ops.tanh(0.5 * away))
    square = ops.square(small)
    series = math.log(2.0) + square * (1 / 12 - square * (7 / 1440 - square * (31 / 90720)))
    return ops.where(near, series, exact)


def _near_and_away(x: Any) -> tuple[Any, Any, Any]:
    """Whether x is near 0, and x as the argument of the series and of the formula, each in the shape of x.

    Each argument is harmless where the other is used: a branch that overflows would make the gradient NaN.
    """
    near = ops.abs(x) < NEAR_ZERO
    return near, ops.where(near, x, 0.0), ops.where(near, 1.0, x)


def _linked(outputs: Any, link: Link) -> Any:
    """The mean of each pixel, in the shape of the outputs."""
    outputs = ops.cast(outputs, "float32")
    return ops.sigmoid(outputs) if link == "sigmoid" else outputs


def _cross_entropy(images: Any, logits: Any) -> Any:
    """The cross-entropy −x log σ(l) − (1 − x) log(1 − σ(l)) of each pixel, nats, [B, H, W, C].

    It is arranged so that no logarithm of 0 is taken.
    """
    return ops.softplus(logits) - images * logits
