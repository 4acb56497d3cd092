"""The plane through the latent space that figures of a model show."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, Field

from pipeline.config.values import Count
from pipeline.latent.axes import PlaneAxes, even, latent_axes, latents_at, quantiles


def _ascending(values: list[float]) -> list[float]:
    if values[0] >= values[1]:
        raise ValueError("the lower end before the upper one")
    return values


Number = Annotated[float, Field(allow_inf_nan=False)]
Span = Annotated[list[Number], Field(min_length=2, max_length=2, examples=[[-2, 2]]), AfterValidator(_ascending)]
"""The two ends of a range."""


@dataclass(frozen=True, kw_only=True)
class PlaneSettings:
    """Which coordinates of the latent plane are decoded.

    Attributes:
        spacing: at quantiles of the prior, from 1 to 99 %; or even. An autoencoder has no prior: even, then.
        count: coordinates along each axis.
        x, y: ends of even coordinates; null goes as far as 98 % of the images do.
    """

    spacing: Literal["quantile", "even"]
    count: Annotated[Count, Field(examples=[15])]
    x: Span | None
    y: Span | None


@dataclass(frozen=True)
class LatentPlane:
    """A plane through the latent space and where the images lie on it.

    Attributes:
        axes: the frame whose first two directions span the plane.
        points: [N, 2], or [N, 1] where the latent space is a line.
        x, y: coordinates that are decoded, [columns] and [rows].
    """

    axes: PlaneAxes
    points: np.ndarray
    x: np.ndarray
    y: np.ndarray

    @property
    def explained(self) -> np.ndarray | None:
        """The axes' shares of the variance [D]; None where they are the latent's own coordinates."""
        return self.axes.explained

    @property
    def latents(self) -> np.ndarray:
        """The latents that are decoded, [rows, columns, D]."""
        return latents_at(self.axes, self.x, self.y)


def plane_through(means: np.ndarray, settings: PlaneSettings, *, prior: bool) -> LatentPlane:
    """The plane of the most important directions of the images.

    Args:
        means: posterior means of the images, [N, D].
        settings: which of the plane's coordinates are decoded.
        prior: whether the model has one, by whose quantiles coordinates can be chosen.
    """
    axes = latent_axes(means)
    points = axes.coordinates(means)
    ends = (settings.x, settings.y)[: points.shape[1]]
    x, *y = (_coordinates(column, settings, end, prior) for column, end in zip(points.T, ends, strict=True))
    return LatentPlane(axes, points, x, y[0] if y else np.zeros(1))


def _coordinates(column: np.ndarray, settings: PlaneSettings, ends: list[float] | None, prior: bool) -> np.ndarray:
    if settings.spacing == "quantile" and prior:
        return quantiles(settings.count)
    low, high = ends or np.quantile(column, (0.01, 0.99))
    return even(low, high, settings.count)
