"""Points of a latent space with the class of each: what scatters, densities, films and pages of it are drawn from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.figures.kit.axis_names import SHARE, axis_names
from pipeline.figures.kit.classes import Classes, named_classes

Shares = Sequence[float] | np.ndarray | None
"""Shares of the variance along the principal axes; None for coordinates that are the latent's own."""


@dataclass(frozen=True, eq=False)
class LabelledPoints:
    """Points on a line or a plane through a latent space, checked once.

    Attributes:
        points: float64 [N, 1 or 2]; some may not be finite.
        labels: integers [N], indices into class_names.
        class_names: one a class.
        explained: shares of the variance along the principal axes, where the points are coordinates on those.

    Raises:
        ValueError: shapes that do not fit each other, or a label without a name.
    """

    points: np.ndarray
    labels: np.ndarray
    class_names: Sequence[str]
    explained: Shares = None

    def __post_init__(self) -> None:
        points = np.asarray(self.points, np.float64)
        labels = np.asarray(self.labels)
        if points.ndim != 2 or points.shape[1] not in (1, 2) or labels.shape != points.shape[:1]:
            raise ValueError(
                f"points have shape {list(points.shape)} and labels {list(labels.shape)}; expected [N, 1 or 2] and "
                "[N]. More than two dimensions are drawn along two axes: latent_axes(means).coordinates(means)"
            )
        if len(labels) and not 0 <= labels.min() <= labels.max() < len(self.class_names):
            raise ValueError(
                f"labels run from {labels.min()} to {labels.max()}; there are {len(self.class_names)} class names"
            )
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "labels", labels)

    def __len__(self) -> int:
        return len(self.points)

    @property
    def dimensions(self) -> int:
        """1 for points on a line, 2 for points on a plane."""
        return int(self.points.shape[1])

    @property
    def is_finite(self) -> np.ndarray:
        """Which points have finite coordinates: bool [N]."""
        return np.asarray(np.isfinite(self.points).all(axis=1))

    @property
    def classes(self) -> Classes:
        """The classes that a figure names: all, or the most frequent of very many."""
        return named_classes(self.labels, self.class_names)

    @property
    def legend_labels(self) -> np.ndarray:
        """The labels [N] or [0] that a legend explains: none of densities, which bear names, and none of one class."""
        return self.labels if self.dimensions == 2 and len(np.unique(self.labels)) > 1 else self.labels[:0]

    def take(self, chosen: np.ndarray | slice) -> "LabelledPoints":
        """The points at these positions: indices, bool [N], or a slice."""
        return replace(self, points=self.points[chosen], labels=self.labels[chosen])

    def axis_names(self, share: str = SHARE) -> list[str]:
        """The name of each coordinate; of a principal axis with its share of the variance in this format."""
        return axis_names(self.explained, share)[: self.dimensions]
