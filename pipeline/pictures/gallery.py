"""All pictures of one model."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
from keras import ops

from pipeline import figures
from pipeline.data.batches import pixels
from pipeline.data.binarisation import as_trained
from pipeline.data.images import ImageData, Split
from pipeline.figures import DecodedPlane, Figure, LabelledPoints, Trajectories
from pipeline.latent.axes import latent_axes
from pipeline.latent.density import FITTED, draws, fitted_mixture
from pipeline.latent.encoding import decode, encode
from pipeline.latent.paths import between, traversed
from pipeline.latent.plane import View, view_of
from pipeline.models.vae import VAE
from pipeline.pictures.layers import layers_of
from pipeline.pictures.settings import PictureSettings
from pipeline.pictures.snapshots import Course

SCATTERED = 2000
"""Points of the latent scatter: more hide each other."""

Picture = Figure | str | bytes
"""A figure, a page of HTML or text, or the content of an image file."""
Draw = Callable[[], Picture]
"""Draws a picture when it is called, so that one that fails costs no other."""


class Gallery:
    """Draws one model again and again, always with the same images and the same noise.

    Args:
        vae: the model, in whatever state it is when a picture is asked for.
        data: what it is trained on.
        settings: what is drawn.
        seed: of the choice of images and of the samples.
    """

    def __init__(self, vae: VAE, data: ImageData, settings: PictureSettings, seed: int) -> None:
        self.vae, self.data, self.settings, self.seed = vae, data, settings, seed

    def cards(self, split: Split) -> dict[str, Callable[[], np.ndarray]]:
        """What draws square pictures of a split, by name, always of the same images."""
        images = pixels(self.some(split, 32).images)
        shown = self.some(split, SCATTERED)
        plane = cache(lambda: self.view(self.means(shown.images)))
        return {
            "reconstructions": lambda: figures.reconstructions_card(images, self.reconstructed(images)),
            "latent": lambda: figures.latent_card(self.labelled(plane(), shown.labels)),
            "grid": lambda: figures.plane_card(self.decoded_plane(plane())),
            "samples": lambda: figures.mosaic_card(self.samples(100)),
        }

    def before(self) -> dict[str, Draw]:
        """What draws the pictures that can be drawn before the training, by file name."""
        return self._wanted({"data.png": self._data, "structure.png": self._structure})

    def after(self, history: Mapping[str, list[float]], course: Course | None) -> dict[str, Draw]:
        """What draws the pictures of a finished training, by file name; of the test split, but for its course."""
        drawn: dict[str, Draw] = {
            "losses.png": lambda: figures.losses(history),
            "reconstructions.png": self._reconstructions,
            "samples.png": self._samples_beside,
            "interpolations.png": self._interpolations,
        }
        drawn |= {"points.png": self._points} if self.settings.points else {}
        drawn |= self._of_the_course(course) if course else {}
        return self._wanted(drawn | self._of_the_plane())

    def course(self, folder: Path) -> Course | None:
        """What keeps the course of the training in a folder; None where no picture of it is asked for."""
        if not any(self.settings.wants(name) for name in ("evolution", "latent_steps", "latent_film")):
            return None
        return Course(self.vae, self.some(self.data.validation, 1000), folder)

    def some(self, split: Split, count: int) -> Split:
        """A choice of the images, the same for all models of a seed."""
        order = np.random.default_rng(self.seed).permutation(len(split))
        return split.take(order[:count])

    def means(self, images: np.ndarray) -> np.ndarray:
        """Posterior means [N, D] of uint8 images."""
        return encode(self.vae, images).mean

    def decoded(self, latents: np.ndarray) -> np.ndarray:
        """What latents [..., D] decode to, [..., H, W, C] in [0, 1]."""
        return decode(self.vae, latents)

    def reconstructed(self, images: np.ndarray) -> np.ndarray:
        """Images [N, H, W, C] in [0, 1] decoded from their posterior means."""
        return np.clip(ops.convert_to_numpy(self.vae.reconstruct(images)), 0, 1)

    def samples(self, count: int) -> np.ndarray:
        """Decoded draws from the prior."""
        return self.decoded(np.random.default_rng(self.seed).standard_normal((count, self.vae.latent_dim)))

    def view(self, means: np.ndarray) -> View:
        """The plane that the settings ask for, through posterior means [N, D]."""
        return view_of(means, self.settings.plane, prior=self.vae.objective.sampling)

    def labelled(self, plane: View, labels: np.ndarray) -> LabelledPoints:
        """The points of a plane with the labels [N] of their images."""
        return LabelledPoints(plane.points, labels, self.data.class_names, plane.explained)

    def decoded_plane(self, plane: View) -> DecodedPlane:
        """What the coordinates of a plane decode to."""
        return DecodedPlane(self.decoded(plane.latents), plane.x, plane.y, plane.explained)

    def _wanted(self, drawn: Mapping[str, Draw]) -> dict[str, Draw]:
        return {name: draw for name, draw in drawn.items() if self.settings.wants(name.partition(".")[0])}

    def _data(self) -> Figure:
        first = as_trained(self.data, np.arange(min(40, len(self.data.train))))
        return figures.first_images(first.images, first.labels, self.data.class_names)

    def _structure(self) -> Figure:
        parts = [(part.name, layers_of(part)) for part in (self.vae.encoder, self.vae.decoder)]
        return figures.structure(parts) if self.vae.objective.sampling else figures.structure(parts, between="z = mean")

    def _reconstructions(self) -> Figure:
        images = pixels(self.some(self.data.test, 40).images)
        return figures.reconstructions(images, self.reconstructed(images))

    def _samples_beside(self) -> Figure:
        fitted = as_trained(self.data, np.arange(min(FITTED, len(self.data.train))))
        mixture = fitted_mixture(self.vae, fitted.images, components=self.settings.mixture, seed=self.seed)
        return figures.samples_beside(self.samples(100), self.decoded(draws(mixture, 100, self.seed)))

    def _points(self) -> Figure:
        points = np.array(self.settings.points, np.float32)
        return figures.decoded_points(self.decoded(points), points)

    def _interpolations(self) -> Figure:
        several = min(4, max(1, len(self.data.test) // 2))
        # A single image is both ends.
        pairs = np.array(self.settings.pairs or np.arange(2 * several).reshape(several, 2) % len(self.data.test))
        images = self.data.test.images[pairs]  # [R, 2, H, W, C]
        first, last = (self.means(images[:, end]) for end in (0, 1))
        return figures.interpolations(images[:, 0], images[:, 1], self.decoded(between(first, last, 9)))

    def _of_the_plane(self) -> dict[str, Draw]:
        shown = self.some(self.data.test, 2 * SCATTERED)
        means = cache(lambda: self.means(shown.images))
        plane = cache(lambda: self.view(means()))
        points = cache(lambda: self.labelled(plane(), shown.labels))
        decoded = cache(lambda: self.decoded_plane(plane()))
        some = slice(SCATTERED)
        drawn: dict[str, Draw] = {
            "latent.png": lambda: figures.latent(points()),
            "grid.png": lambda: figures.grid(decoded()),
            "plane.png": lambda: figures.plane_and_points(decoded(), points()),
            "latent_interactive.html": lambda: figures.interactive_latent(points().take(some), shown.images[some]),
        }
        return drawn | ({"traversals.png": lambda: self._traversals(means())} if self.vae.latent_dim > 2 else {})

    def _traversals(self, means: np.ndarray) -> Figure:
        path = traversed(means, 11, most=20, prior=self.vae.objective.sampling)
        return figures.traversals(self.decoded(path.latents), path.values, path.names)

    def _of_the_course(self, course: Course) -> dict[str, Draw]:
        frames = cache(course.frames)

        def trajectories() -> Trajectories:
            axes = latent_axes(frames().means[-1])
            points = axes.coordinates(frames().means)
            return Trajectories(points, course.split.labels, self.data.class_names, frames().epochs, axes.explained)

        def sheet() -> Figure:
            reconstructions = frames().reconstructions
            return figures.epochs_sheet(
                course.split.images[: reconstructions.shape[1]], reconstructions, frames().epochs
            )

        return {
            "evolution.png": sheet,
            "latent_steps.png": lambda: figures.latent_steps(trajectories()),
            "latent_film.gif": lambda: figures.latent_film(trajectories()),
        }
