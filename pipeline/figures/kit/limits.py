"""The rectangle of coordinates that a figure of points shows."""

from collections.abc import Iterable

import numpy as np

Limits = tuple[tuple[float, float], tuple[float, float]]  # (lowest x, highest x), (lowest y, highest y)
BULK = (0.025, 0.975)  # quantiles between which the bulk of a set lies
REACH = 0.5  # how far beyond the bulk a point still counts, in widths of the bulk


def square_limits(points: np.ndarray, margin: float = 0.04) -> Limits:
    """Limits that hold every finite point [N, 1 or 2] with a margin, equally long in x and y.

    Figures that are given the limits of all their points have equal axes, and can be compared.
    """
    points = np.asarray(points, np.float64)
    points = points[np.isfinite(points).all(axis=1)]
    if len(points) == 0:
        return (-1.0, 1.0), (-1.0, 1.0)
    low, high = points.min(axis=0), points.max(axis=0)
    half = float((high - low).max() / 2 * (1 + 2 * margin)) or 1.0
    spans = [(float(middle - half), float(middle + half)) for middle in (low + high) / 2]
    return spans[0], spans[-1]


def robust_limits(sets: Iterable[np.ndarray]) -> Limits:
    """Square limits that hold all the sets, each [N, 1 or 2], but for points far outside the bulk of their own set."""
    return square_limits(np.concatenate([_extremes(points) for points in sets]))


def inside(points: np.ndarray, limits: Limits) -> np.ndarray:
    """Which finite points [N, 1 or 2] lie within the limits: bool [N]."""
    within = [(low <= column) & (column <= high) for column, (low, high) in zip(points.T, limits, strict=False)]
    return np.asarray(np.logical_and.reduce(within))


def _extremes(points: np.ndarray) -> np.ndarray:
    """The lower and the upper end of each coordinate of points [N, D], as [2, D]; those far out do not count."""
    points = np.asarray(points, np.float64)
    points = points[np.isfinite(points).all(axis=1)]
    if len(points) == 0:
        return points
    low, high = np.quantile(points, BULK, axis=0)
    reach = REACH * (high - low)
    return np.stack([np.maximum(points.min(axis=0), low - reach), np.minimum(points.max(axis=0), high + reach)])
