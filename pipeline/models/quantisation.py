"""Finite scalar quantisation: latents of few values (Mentzer et al. 2024, "Finite scalar quantization: VQ-VAE made
simple").

Each latent dimension is bounded and rounded to one of L values; the gradient passes as if nothing had been rounded. A
latent is then one of L^D codes, and no noise is drawn. Encoders normalise the numbers that are bounded, which the paper
does not, so that codes differ from the first step on. Under a prior in which all codes are equally probable the rate
of every image is D log L nats, so that the ELBO is a bound on log p(image), as that of any VAE. Images have some codes
far more often than others, so that samples need a density that is fitted to theirs.
"""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

NARROWEST = -80.0
"""The log variance that is given of a code, which has none."""
MARGIN = 1e-3
"""The part of the range that bounding leaves out, so that no end of it is rounded to one value more (the same, A.1)."""


@keras.saving.register_keras_serializable("pipeline")
class FiniteScalar(keras.layers.Layer):
    """Codes and their log variances, [B, D] each, of real numbers [B, D] (Mentzer et al. 2024, section 3.1, A.1).

    Codes are whole numbers divided by L // 2, so that they reach from −1 to 1; where L is even, 1 is left out.

    Args:
        levels: the number L of values of each dimension, at least 2.
    """

    def __init__(self, levels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.levels = levels

    def call(self, raw: Any) -> tuple[Any, Any]:
        half = (self.levels - 1) * (1 - MARGIN) / 2
        offset = 0.0 if self.levels % 2 else 0.5
        # The paper's shift is for a code in the middle. Two codes have none, and with the shift one of them would be
        # left to numbers below −1.56, of which a normalised layer gives few.
        shift = math.tan(offset / half) if self.levels > 2 else 0.0
        bounded = half * ops.tanh(raw + shift) - offset
        code = _straight_through(ops.round(bounded), bounded) / (self.levels // 2)
        return code, ops.full_like(code, NARROWEST)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"levels": self.levels}


@keras.saving.register_keras_serializable("pipeline")
class NearestCode(keras.layers.Layer):
    """The code that is nearest to each latent, both [B, D]; a code is its own.

    So latents of a plane, of a line or of a fitted density are decoded as what the decoder knows.

    Args:
        levels: the number L of values of each dimension.
    """

    def __init__(self, levels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.levels = levels

    def call(self, latents: Any) -> Any:
        half = self.levels // 2
        steps = ops.clip(ops.round(latents * half), -half, self.levels - 1 - half)
        return _straight_through(steps / half, latents)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"levels": self.levels}


def drawn_codes(stream: np.random.Generator, shape: tuple[int, ...], levels: int) -> np.ndarray:
    """Codes drawn from the prior, in which all are equally probable, float64 of a shape [..., D]."""
    half = levels // 2
    drawn: np.ndarray = (stream.integers(levels, size=shape) - half) / half
    return drawn


def _straight_through(rounded: Any, exact: Any) -> Any:
    """The rounded values, with the gradient of the exact ones."""
    return ops.stop_gradient(rounded) + (exact - ops.stop_gradient(exact))
