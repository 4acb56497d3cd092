"""Coordinates on the latent space: which two directions a figure shows, and which latents lie on that plane."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri
from sklearn.decomposition import PCA


@dataclass(frozen=True)
class PlaneAxes:
    """An orthonormal frame of the latent space, most important direction first.

    Attributes:
        center: [D], the latent at coordinates 0.
        directions: [D, D], one direction a row.
        shares: [D], each direction's part of the variance of the means; they sum to 1.
        principal: whether the directions were found in the means; otherwise they are the latent's own coordinates.
    """

    center: np.ndarray
    directions: np.ndarray
    shares: np.ndarray
    principal: bool = True

    def coordinates(self, latents: np.ndarray) -> np.ndarray:
        """Latents [..., D] along the first directions: [..., 2], or [..., 1] where D is 1."""
        return np.asarray((np.asarray(latents) - self.center) @ self.directions[:2].T)

    @property
    def explained(self) -> np.ndarray | None:
        """The shares of variance [D]; None where the coordinates are the latent's own."""
        return self.shares if self.principal else None


def principal_axes(means: np.ndarray) -> PlaneAxes:
    """The principal axes of posterior means [N, D]; each points to where its largest component is positive."""
    means = _finite(means)
    # Fewer means than dimensions have fewer axes; repeated means have the same axes, and all of them.
    means = np.tile(means, (math.ceil(max(2, means.shape[1]) / len(means)), 1))
    with np.errstate(invalid="ignore"):  # equal means have no variance to share
        fitted = PCA(svd_solver="full").fit(means)
    return PlaneAxes(fitted.mean_, fitted.components_, _shares(fitted.explained_variance_))


def latent_axes(means: np.ndarray) -> PlaneAxes:
    """The axes to look along, from posterior means [N, D]: the latent's own where D is 1 or 2, else principal ones."""
    dimension = np.shape(means)[1]
    if dimension > 2:
        return principal_axes(means)
    return PlaneAxes(np.zeros(dimension), np.eye(dimension), _shares(_finite(means).var(axis=0)), principal=False)


def latents_at(axes: PlaneAxes, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The latents at every pair of coordinates x [X] and y [Y]: [Y, X, D]; with D = 1 all rows are equal."""
    first = np.asarray(x, np.float64)[None, :, None] * axes.directions[0]
    second = np.asarray(y, np.float64)[:, None, None] * (axes.directions[1] if len(axes.directions) > 1 else 0.0)
    return np.asarray(axes.center + first + second)


def even(low: float, high: float, count: int) -> np.ndarray:
    """Coordinates [count] from low to high at equal distances; a single one lies halfway."""
    return np.linspace(low, high, count) if count > 1 else np.array([(low + high) / 2])


def quantiles(count: int, low: float = 0.01, high: float = 0.99) -> np.ndarray:
    """Coordinates [count] that cut a standard normal into equal shares between the probabilities low and high."""
    return np.asarray(ndtri(even(low, high, count)))


def _finite(means: np.ndarray) -> np.ndarray:
    """Means [N, D] without those that are not finite; one at 0 where none is left."""
    means = np.asarray(means, np.float64)
    if means.ndim != 2 or means.shape[1] == 0:
        raise ValueError(f"means have shape {list(means.shape)}; expected [number, latent dimension]")
    finite = means[np.isfinite(means).all(axis=1)]
    return finite if len(finite) else np.zeros((1, means.shape[1]))


def _shares(variances: np.ndarray) -> np.ndarray:
    """Variances [D] as shares; equal shares where nothing varies."""
    variances = np.maximum(variances, 0)
    total = variances.sum()
    return variances / total if total > 0 else np.full(len(variances), 1 / len(variances))
