"""The plane through the latent space that pictures of a model look at."""

from dataclasses import dataclass

import numpy as np

from pipeline import figures
from pipeline.pictures.settings import PlaneSettings


@dataclass(frozen=True)
class View:
    """A plane through the latent space and where the images lie on it.

    Attributes:
        axes: the frame whose first two directions span the plane.
        points: [N, 2], or [N, 1] where the latent space is a line.
        x, y: coordinates that are decoded.
    """

    axes: figures.PlaneAxes
    points: np.ndarray
    x: np.ndarray
    y: np.ndarray

    @property
    def explained(self) -> np.ndarray | None:
        """The axes' shares of the variance; None where they are the latent's own coordinates."""
        return self.axes.explained

    @property
    def latents(self) -> np.ndarray:
        """What is decoded, [rows, columns, D]."""
        return figures.plane_points(self.axes, self.x, self.y)


def view_of(means: np.ndarray, settings: PlaneSettings, *, prior: bool) -> View:
    """The plane of the most important directions of posterior means [N, D].

    Args:
        means: of the images.
        settings: of the coordinates.
        prior: whether the model has one, by whose quantiles coordinates can be chosen.
    """
    axes = figures.latent_axes(means)
    points = axes.coordinates(means)
    ends = (settings.x, settings.y)[: points.shape[1]]
    x, *y = (_coordinates(column, settings, end, prior) for column, end in zip(points.T, ends, strict=True))
    return View(axes, points, x, y[0] if y else np.zeros(1))


def _coordinates(column: np.ndarray, settings: PlaneSettings, ends: list[float] | None, prior: bool) -> np.ndarray:
    if settings.spacing == "quantile" and prior:
        return figures.quantiles(settings.count)
    low, high = ends or np.quantile(column, (0.01, 0.99))
    return figures.even(low, high, settings.count)
