"""A plane through the latent space, decoded."""

from dataclasses import dataclass

import numpy as np

from pipeline import figures
from pipeline.data.images import Split
from pipeline.data.random_stream import random_order
from pipeline.generation.asked_classes import AskedClasses, asked_labels, names_of
from pipeline.generation.generated import Generated
from pipeline.latent.encoding import decode, decode_as, encode
from pipeline.latent.plane import PlaneSettings, plane_through
from pipeline.runs.loaded_run import LoadedRun

PLANE_IMAGES = 4000
"""Test images whose posterior means tell where the plane lies."""


@dataclass(frozen=True, kw_only=True)
class Plane:
    """The plane of the most important directions of the posterior means.

    Attributes:
        settings: which of its coordinates.
        classes: of a conditional model, as each of which the plane is decoded.
    """

    settings: PlaneSettings
    classes: AskedClasses

    def generate(self, trained: LoadedRun) -> Generated:
        """The decoded plane, [rows, columns] images, and a figure with the coordinates along its axes.

        Of a conditional model [K, rows, columns], and of several classes a figure of their planes.

        Raises:
            InputError: the model has no such class.
        """
        labels = asked_labels(self.classes, trained)
        means = posterior_means(trained, some_test_images(trained))
        plane = plane_through(means, self.settings, prior=trained.vae.objective.sampling)
        if labels is None:
            images = decode(trained.vae, plane.latents)
            decoded = figures.DecodedPlane(images, plane.x, plane.y, plane.explained)
            return Generated(images, plane.latents, figures.decoded_plane(decoded))
        names = names_of(labels, trained)
        images = decode_as(trained.vae, plane.latents, labels)
        planes = [
            figures.DecodedPlane(each, plane.x, plane.y, plane.explained, name)
            for each, name in zip(images, names, strict=True)
        ]
        figure = figures.decoded_plane(planes[0]) if len(planes) == 1 else figures.class_planes(planes)
        return Generated(images, np.stack([plane.latents] * len(planes)), figure, classes=names)


def some_test_images(trained: LoadedRun) -> Split:
    """At most 4,000 test images, chosen at random, as those of a data set may be sorted by class."""
    test = trained.data.test
    return test.take(np.sort(random_order(len(test), 0, "images of a plane")[:PLANE_IMAGES]))


def posterior_means(trained: LoadedRun, images: Split) -> np.ndarray:
    """The posterior mean of each image, [N, D]."""
    return encode(trained.vae, images.rows, images.labels).mean
