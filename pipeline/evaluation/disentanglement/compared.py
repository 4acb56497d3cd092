"""Latents beside the factors of the same images: those of both that can be compared."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from pipeline.data.factors import Factor
from pipeline.evaluation.collapse import ACTIVE

FEWEST = 100
"""Images without which nothing is compared: of fewer, chance alone would tell a latent much of a factor."""

EACH = 4
"""Images of a value of a factor, on average, without which the factor is left out."""

LEAST = 1 / 20
"""Range of the values of a latent at least, as a part of the largest range (Hsu et al. 2023 leave out others)."""


@dataclass(frozen=True)
class Compared:
    """The latents that are active and the factors that vary, of the same images.

    A collapsed latent has no part: what is left of its mean is a function of the image as any mean is, so that it would
    tell of the factors, but to the decoder it is drowned in noise.

    Attributes:
        latents: posterior means, float64 [N, A].
        positions: of these latents among all D, int [A]; none where the posterior collapsed.
        values: of the factors, int64 [N, F].
        factors: whose values these are, at least one.
    """

    latents: np.ndarray
    positions: np.ndarray
    values: np.ndarray
    factors: tuple[Factor, ...]

    @classmethod
    def of(
        cls,
        means: np.ndarray,
        values: np.ndarray | None,
        factors: tuple[Factor, ...],
        *,
        prior: bool,
        told: np.ndarray | None,
    ) -> Self | None:
        """What can be compared; None where no factor is known or varies, or there are few images.

        Args:
            means: posterior means, [N, D].
            values: of all factors, int64 [N, F]; None where none are known.
            factors: whose values these are.
            prior: whether the model has one; then a latent whose mean varies little beside it is not active.
            told: labels, int [N], of which a conditional model is told; factors that follow from them are left out, as
                its latents need not hold them. None where the model is not conditional.
        """
        if values is None or not np.isfinite(means).all():
            return None
        varied = comparable_factors(values, told)
        if not varied.size:
            return None
        ranges = np.ptp(means, axis=0)
        active = ranges > LEAST * ranges.max()
        if prior:
            active &= means.var(axis=0) > ACTIVE
        positions = np.flatnonzero(active)
        chosen = np.asarray(means, np.float64)[:, positions]
        return cls(chosen, positions, values[:, varied], tuple(factors[each] for each in varied))


def comparable_factors(values: np.ndarray, told: np.ndarray | None) -> np.ndarray:
    """Positions of the factors that latents can be compared with, int [F]; none of them where there are few images.

    Args:
        values: of all factors, int64 [N, F].
        told: labels, int [N], of which a conditional model is told; factors that follow from them are left out.
    """
    if len(values) < FEWEST:
        return np.array([], int)
    different = np.array([len(np.unique(column)) for column in values.T])
    is_told = np.array([told is not None and _follows(column, told) for column in values.T])
    return np.flatnonzero((different > 1) & (different * EACH <= len(values)) & ~is_told)


def _follows(column: np.ndarray, labels: np.ndarray) -> bool:
    """Whether the values of a factor, int [N], are the same for all images of a label, int [N]."""
    return len(np.unique(np.stack([labels, column]), axis=1).T) == len(np.unique(labels))
