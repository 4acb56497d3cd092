"""A plane through the latent space, decoded."""

from dataclasses import dataclass

from pipeline import figures
from pipeline.generation.made import Made
from pipeline.latent.encoding import decode, encode
from pipeline.latent.plane import PlaneSettings, view_of
from pipeline.runs.loaded_run import Trained

LOOKED_AT = 4000
"""Test images that tell where the plane lies."""


@dataclass(frozen=True, kw_only=True)
class Plane:
    """The plane of the most important directions of the posterior means.

    Attributes:
        settings: which of its coordinates.
    """

    settings: PlaneSettings

    def make(self, trained: Trained) -> Made:
        """The plane as one image, coordinates along its axes."""
        means = encode(trained.vae, trained.data.test.images[:LOOKED_AT]).mean
        view = view_of(means, self.settings, prior=trained.vae.objective.sampling)
        images = decode(trained.vae, view.latents)
        return Made(images, view.latents, figures.grid(figures.DecodedPlane(images, view.x, view.y, view.explained)))
