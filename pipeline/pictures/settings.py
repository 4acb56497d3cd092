"""What can be set about pictures."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from pipeline.config.values import Count, Natural
from pipeline.errors import InputError
from pipeline.latent.plane import Number, PlaneSettings

PictureName = Literal[
    "data",
    "structure",
    "reconstructions",
    "latent",
    "plane",
    "grid",
    "samples",
    "classes",
    "points",
    "interpolations",
    "traversals",
    "factors",
    "losses",
    "evolution",
    "latent_steps",
    "latent_film",
    "latent_interactive",
]
"""What a run may show."""


Pair = Annotated[list[Natural], Field(min_length=2, max_length=2)]
Latent = Annotated[list[Number], Field(min_length=1)]


@dataclass(frozen=True, kw_only=True)
class PictureSettings:
    """Which pictures are drawn, when, and of what.

    Attributes:
        epochs: after which cards are drawn, beside those before the first and after the last. The same in all runs that
            should be compared step by step.
        final: which pictures a run has beside its cards; null for all. `classes` is of conditional models alone.
        plane: the decoded plane.
        points: latents that are decoded one by one.
        pairs: positions in the test split of images between which is interpolated; null for the first four pairs.
        mixture: components of the Gaussian mixture that is fitted to the posterior for samples.
    """

    epochs: Annotated[list[Count], Field(examples=[[1, 10]])]
    final: Annotated[list[PictureName], Field(examples=[["reconstructions", "latent"]])] | None
    plane: PlaneSettings
    points: Annotated[list[Latent], Field(examples=[[[0.0, 2.5]]])]
    pairs: Annotated[list[Pair], Field(examples=[[[0, 1]]], min_length=1)] | None
    mixture: Annotated[Count, Field(examples=[10])]

    def wants(self, name: str) -> bool:
        """Whether a finished run gets this picture."""
        return self.final is None or name in self.final

    def check(self, latent_dim: int, tested: int) -> None:
        """Compare with the model and the data, before anything is trained.

        Raises:
            InputError: a point of another dimension, or a position beyond the test split.
        """
        for point in self.points:
            if len(point) != latent_dim:
                raise InputError(
                    f"pictures.points: {point} has {len(point)} coordinates, the latent space has {latent_dim}. Give "
                    f"each point {latent_dim}, or set pictures.points=[]"
                )
        for position in (each for pair in self.pairs or () for each in pair):
            if position >= tested:
                raise InputError(
                    f"pictures.pairs: there is no test image {position}; there are {tested}, counted from 0. Give "
                    "smaller positions, or set pictures.pairs=null"
                )
