"""Images drawn from a likelihood, pixel by pixel, where all else takes the expected image."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from pipeline.models.likelihood import (
    LOWEST_LOG_SCALE,
    Bernoulli,
    ContinuousBernoulli,
    Gaussian,
    Likelihood,
    SquaredError,
)


def drawn_images(likelihood: Likelihood, outputs: np.ndarray, stream: np.random.RandomState) -> np.ndarray | None:
    """Images drawn given the outputs of the decoder, both float32 [B, H, W, C].

    There are none, but None, where the distortions of the likelihood are a user's own.

    Args:
        likelihood: that is drawn from.
        outputs: real numbers.
        stream: of random numbers.
    """
    draw = _DRAWS.get(type(likelihood).pixel_distortion)
    return None if draw is None else draw(likelihood, outputs, stream).astype("float32")


def _of_bernoulli(likelihood: Bernoulli, outputs: np.ndarray, stream: np.random.RandomState) -> np.ndarray:
    return stream.uniform(size=outputs.shape) < _mean(likelihood, outputs)


def _of_continuous_bernoulli(_: ContinuousBernoulli, outputs: np.ndarray, stream: np.random.RandomState) -> np.ndarray:
    logits = outputs.astype(float)
    # The inverse of the distribution function for a negative logit; that of a positive one is its mirror image.
    quantiles = stream.uniform(size=outputs.shape)
    falling = -np.maximum(np.abs(logits), 1e-6)
    below = np.log1p(quantiles * np.expm1(falling)) / falling
    return np.where(logits > 0, 1 - below, below)


def _of_gaussian(likelihood: Gaussian, outputs: np.ndarray, stream: np.random.RandomState) -> np.ndarray:
    log_scale = max(float(ops.convert_to_numpy(likelihood.log_scale)), LOWEST_LOG_SCALE)
    return _normal(likelihood, outputs, math.exp(log_scale), stream)


def _of_squared_error(likelihood: SquaredError, outputs: np.ndarray, stream: np.random.RandomState) -> np.ndarray:
    return _normal(likelihood, outputs, math.sqrt(0.5), stream)  # the Gaussian that its distortions are of


def _normal(likelihood: Likelihood, outputs: np.ndarray, scale: float, stream: np.random.RandomState) -> np.ndarray:
    return _mean(likelihood, outputs) + scale * stream.standard_normal(outputs.shape)


def _mean(likelihood: Likelihood, outputs: np.ndarray) -> np.ndarray:
    mean: np.ndarray = ops.convert_to_numpy(likelihood.mean(outputs))
    return mean


# By distortions and not by class: a class derived from one of these may have others, which say another distribution.
_DRAWS: dict[Any, Callable[..., np.ndarray]] = {
    Bernoulli.pixel_distortion: _of_bernoulli,
    ContinuousBernoulli.pixel_distortion: _of_continuous_bernoulli,
    Gaussian.pixel_distortion: _of_gaussian,
    SquaredError.pixel_distortion: _of_squared_error,
}
