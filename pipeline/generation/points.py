"""Chosen latents, decoded."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from pipeline import figures
from pipeline.errors import InputError
from pipeline.generation.asked_classes import AskedClasses, asked_labels, names_of
from pipeline.generation.generated import Generated
from pipeline.latent.encoding import decode, decode_as
from pipeline.pictures.settings import Latent
from pipeline.runs.loaded_run import LoadedRun


@dataclass(frozen=True, kw_only=True)
class Points:
    """Latents that the user chose.

    Attributes:
        points: each with as many coordinates as the latent space has dimensions.
        classes: of a conditional model, as each of which they are decoded.
    """

    points: Annotated[list[Latent], Field(min_length=1, examples=[[[0.0, 2.5]]])]
    classes: AskedClasses

    def generate(self, trained: LoadedRun) -> Generated:
        """The decoded latents, [N] images, and a figure with the coordinates under each; [K, N] of a conditional model.

        Raises:
            InputError: a latent of another number of dimensions than the model has, or no such class.
        """
        labels = asked_labels(self.classes, trained)
        expected = trained.vae.latent_dim
        for point in self.points:
            if len(point) != expected:
                raise InputError(
                    f"the latent {point} has {len(point)} coordinates; expected {expected}, as the latent space of run "
                    f"{trained.id} has. Give each latent of point= or what.points= so many numbers"
                )
        latents = np.array(self.points)
        if labels is None:
            images = decode(trained.vae, latents)
            return Generated(images, latents, figures.decoded_latents(images, latents))
        names = names_of(labels, trained)
        images = decode_as(trained.vae, latents, labels)
        return Generated(
            images,
            np.stack([latents] * len(labels)),
            figures.latents_by_class(images, latents, names),
            classes=names,
        )
