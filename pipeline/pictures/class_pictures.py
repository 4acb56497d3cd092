"""Pictures of a conditional model: what it decodes as each class."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from pipeline import figures
from pipeline.figures import DecodedPlane, Figure
from pipeline.latent.encoding import decode_as
from pipeline.latent.mixture import FITTED_IMAGES, drawn_latents
from pipeline.latent.plane import LatentPlane
from pipeline.pictures.draw import Draw
from pipeline.pictures.shown_images import ShownImages

if TYPE_CHECKING:
    from pipeline.pictures.gallery import Gallery

MOST = 20  # classes at most, those of the most training images
COLUMNS = 10  # samples of each class
PLANE_SIDE = 8  # coordinates along each axis of a plane, at most: there is a plane for each class


class ClassPictures:
    """Draws what the model of a gallery decodes as each class.

    Args:
        gallery: that chooses images and noise.
    """

    def __init__(self, gallery: "Gallery") -> None:
        self.gallery = gallery

    @cached_property
    def labels(self) -> np.ndarray:
        """The classes that are shown, int [K], ascending: those that the model was trained on."""
        images = np.bincount(self.gallery.data.train.labels)
        most = np.argsort(-images, kind="stable")[:MOST]
        return np.sort(most[images[most] > 0])

    @property
    def names(self) -> list[str]:
        """The names of these classes."""
        return [self.gallery.data.class_names[label] for label in self.labels]

    def cards(self, shown: ShownImages) -> dict[str, Callable[[], np.ndarray]]:
        """What draws those cards that are others than of an unconditional model, uint8 [S, S, 3], by name."""
        return {
            "grid": lambda: figures.planes_card(self._planes(shown.plane)),
            "samples": lambda: figures.rows_card(self._as_each(self.gallery.noise(COLUMNS))),
        }

    def pictures(self, shown: ShownImages) -> dict[str, Draw]:
        """What draws those pictures that are others than of an unconditional model, by file name."""
        return {
            "grid.png": lambda: figures.class_planes(self._planes(shown.plane)),
            "samples.png": self._samples,
            "classes.png": self._swap,
        }

    def points(self, latents: np.ndarray) -> Figure:
        """Latents [N, D] decoded as each class, and under each image its class and its coordinates."""
        return figures.latents_by_class(self._as_each(latents), latents, self.names)

    def _as_each(self, latents: np.ndarray) -> np.ndarray:
        return decode_as(self.gallery.vae, latents, self.labels)

    def _planes(self, plane: LatentPlane) -> list[DecodedPlane]:
        x, y = (values[:: -(-len(values) // PLANE_SIDE)] for values in (plane.x, plane.y))
        thinned = LatentPlane(plane.axes, plane.points, x, y)
        images = self._as_each(thinned.latents)
        return [DecodedPlane(each, x, y, plane.explained, name) for each, name in zip(images, self.names, strict=True)]

    def _samples(self) -> Figure:
        fitted = []
        for label in self.labels:
            mixture = self.gallery.mixture(label, images=FITTED_IMAGES // len(self.labels))
            fitted.append(self.gallery.decoded(drawn_latents(mixture, COLUMNS, self.gallery.seed), label))
        return figures.samples_by_class(self._as_each(self.gallery.noise(COLUMNS)), np.stack(fitted), self.names)

    def _swap(self) -> Figure:
        """The first test image of each class, as each class."""
        test = self.gallery.some(self.gallery.data.test, len(self.gallery.data.test))
        first = [np.flatnonzero(test.labels == label)[:1] for label in self.labels]
        chosen = test.take(np.concatenate(first))
        decoded = np.moveaxis(self._as_each(self.gallery.means(chosen)), 0, 1)
        own = np.searchsorted(self.labels, chosen.labels).tolist()
        return figures.class_swap(chosen.images, decoded, own, self.names)
