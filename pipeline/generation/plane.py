"""A plane through the latent space, decoded."""

from dataclasses import dataclass

from pipeline import figures
from pipeline.generation.generated import Generated
from pipeline.latent.encoding import decode, encode
from pipeline.latent.plane import PlaneSettings, plane_through
from pipeline.runs.loaded_run import LoadedRun

PLANE_IMAGES = 4000
"""Test images whose posterior means tell where the plane lies."""


@dataclass(frozen=True, kw_only=True)
class Plane:
    """The plane of the most important directions of the posterior means.

    Attributes:
        settings: which of its coordinates.
    """

    settings: PlaneSettings

    def generate(self, trained: LoadedRun) -> Generated:
        """The decoded plane, [rows, columns] images, and a figure with the coordinates along its axes."""
        means = encode(trained.vae, trained.data.test.images[:PLANE_IMAGES]).mean
        plane = plane_through(means, self.settings, prior=trained.vae.objective.sampling)
        images = decode(trained.vae, plane.latents)
        decoded = figures.DecodedPlane(images, plane.x, plane.y, plane.explained)
        return Generated(images, plane.latents, figures.decoded_plane(decoded))
