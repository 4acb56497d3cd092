"""The same points of a latent space after each epoch of a training."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.figures.latent.labelled_points import LabelledPoints, Shares


@dataclass(frozen=True, eq=False)
class Trajectories:
    """Where a training moves labelled points, checked once.

    Attributes:
        points: float64 [E, N, 1 or 2], the same images after each epoch; some may not be finite.
        labels: integers [N], indices into class_names.
        class_names: one a class.
        epochs: [E], ascending; 0 is the state before the training.
        explained: shares of the variance along the principal axes, where the points are coordinates on those.

    Raises:
        ValueError: shapes that do not fit each other, or a label without a name.
    """

    points: np.ndarray
    labels: np.ndarray
    class_names: Sequence[str]
    epochs: Sequence[int]
    explained: Shares = None

    def __post_init__(self) -> None:
        points = np.asarray(self.points, np.float64)
        if points.ndim != 3 or len(points) != len(self.epochs) or len(self.epochs) == 0:
            raise ValueError(f"points have shape {list(points.shape)}; expected [{len(self.epochs)} epochs, N, 1 or 2]")
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "labels", self.at(0).labels)

    def take(self, steps: np.ndarray) -> "Trajectories":
        """The trajectories through the epochs at these positions, int [S]."""
        return replace(self, points=self.points[steps], epochs=[self.epochs[step] for step in steps])

    def axis_names(self) -> list[str]:
        """The name of each coordinate; of a principal axis with its share of the variance."""
        return self.at(0).axis_names()

    def at(self, step: int) -> LabelledPoints:
        """The points [N, 1 or 2] after the epoch at this position."""
        return LabelledPoints(self.points[step], self.labels, self.class_names, self.explained)
