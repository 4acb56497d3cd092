"""Chosen latents, decoded."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from pipeline import figures
from pipeline.errors import InputError
from pipeline.generation.generated import Generated
from pipeline.latent.encoding import decode
from pipeline.pictures.settings import Latent
from pipeline.runs.loaded_run import LoadedRun


@dataclass(frozen=True, kw_only=True)
class Points:
    """Latents that the user chose.

    Attributes:
        points: each with as many coordinates as the latent space has dimensions.
    """

    points: Annotated[list[Latent], Field(min_length=1, examples=[[[0.0, 2.5]]])]

    def generate(self, trained: LoadedRun) -> Generated:
        """The decoded latents, [N] images, and a figure with the coordinates under each.

        Raises:
            InputError: a latent of another number of dimensions than the model has.
        """
        expected = trained.vae.latent_dim
        for point in self.points:
            if len(point) != expected:
                raise InputError(
                    f"point={point}: has {len(point)} coordinates, the latent space of run {trained.id} has {expected}"
                )
        latents = np.array(self.points)
        images = decode(trained.vae, latents)
        return Generated(images, latents, figures.decoded_latents(images, latents))
