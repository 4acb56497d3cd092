"""All pictures of one model."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from pipeline import figures
from pipeline.data.binarisation import as_trained
from pipeline.data.image_rows import ImageRows
from pipeline.data.images import ImageData, Split
from pipeline.evaluation.disentanglement.followed import followed_factors
from pipeline.figures import DecodedPlane, Figure, LabelledPoints
from pipeline.latent.encoding import decode, encode, reconstruct
from pipeline.latent.mixture import FITTED_IMAGES, drawn_latents, fitted_mixture
from pipeline.latent.plane import LatentPlane, plane_through
from pipeline.latent.traversal import interpolated, traversal
from pipeline.models.vae import VAE
from pipeline.pictures.course import pictures_of_the_course
from pipeline.pictures.layers import layers_of
from pipeline.pictures.settings import PictureSettings
from pipeline.pictures.shown_images import ShownImages
from pipeline.pictures.snapshots import Snapshots

SCATTERED = 2000  # points of a card's scatter and of the interactive page: more hide each other
SAMPLES = 100  # of a mosaic: ten rows of ten can still be told apart
CARD_PAIRS = 32  # reconstructions of a card: four rows of eight fill a square
PAIRS = 40  # reconstructions of the figure
FIRST_IMAGES = 40  # of the data, with their classes
SNAPSHOT_IMAGES = 1000  # images whose course through the training is kept
INTERPOLATIONS = 4  # pairs of images that are interpolated between, unless the settings name some
INTERPOLATION_STEPS = 9  # images of a line; odd, so that one lies in the middle
TRAVERSAL_STEPS = 11  # images of a line, likewise
TRAVERSALS = 20  # dimensions at most, those that vary most

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
        self.vae = vae
        self.data = data
        self.settings = settings
        self.seed = seed

    def cards(self, split: Split) -> dict[str, Callable[[], np.ndarray]]:
        """What draws the cards of a split, uint8 [S, S, 3], by name; always of the same images."""
        images = self.some(split, CARD_PAIRS).images
        shown = ShownImages(self, self.some(split, SCATTERED))
        drawn = {
            "reconstructions": lambda: figures.reconstructions_card(images, self.reconstructed(images)),
            "latent": lambda: figures.latent_card(shown.points),
            "grid": lambda: figures.plane_card(shown.decoded),
            "samples": lambda: figures.mosaic_card(self.samples(SAMPLES)),
        }
        if self.data.factors:
            drawn["factors"] = lambda: figures.followed_factors_card(shown.followed)
        return drawn

    def before(self) -> dict[str, Draw]:
        """What draws the pictures that can be drawn before the training, by file name."""
        return self._asked_for({"data.png": self._data, "structure.png": self._structure})

    def after(self, history: Mapping[str, list[float]], snapshots: Snapshots | None) -> dict[str, Draw]:
        """What draws the pictures of a finished training, by file name; of the test split, but for its course."""
        drawn: dict[str, Draw] = {
            "losses.png": lambda: figures.losses(history, self.vae.objective.schedule.final_from),
            "reconstructions.png": self._reconstructions,
            "samples.png": self._samples_beside,
            "interpolations.png": self._interpolations,
        }
        drawn |= {"points.png": self._chosen_latents} if self.settings.points else {}
        drawn |= pictures_of_the_course(snapshots, self.data.class_names) if snapshots else {}
        return self._asked_for(drawn | self._of_the_plane())

    def snapshots(self, folder: Path) -> Snapshots | None:
        """What keeps the course of the training in a folder; None where no picture of it is asked for."""
        if not any(self.settings.wants(name) for name in ("evolution", "latent_steps", "latent_film")):
            return None
        return Snapshots(self.vae, self.some(self.data.validation, SNAPSHOT_IMAGES), folder)

    def some(self, split: Split, count: int) -> Split:
        """A choice of the images, the same for all models of a seed."""
        order = np.random.default_rng(self.seed).permutation(len(split))
        return split.take(order[:count])

    def means(self, images: np.ndarray | ImageRows) -> np.ndarray:
        """Posterior means [N, D] of uint8 images [N, H, W, C]."""
        return encode(self.vae, images).mean

    def decoded(self, latents: np.ndarray) -> np.ndarray:
        """The expected images at latents [..., D]: [..., H, W, C] in [0, 1]."""
        return decode(self.vae, latents)

    def reconstructed(self, images: np.ndarray) -> np.ndarray:
        """uint8 images [N, H, W, C] decoded from their posterior means, [N, H, W, C] in [0, 1]."""
        return reconstruct(self.vae, images)

    def samples(self, count: int) -> np.ndarray:
        """Decoded draws from the prior, [count, H, W, C] in [0, 1]."""
        return self.decoded(np.random.default_rng(self.seed).standard_normal((count, self.vae.latent_dim)))

    def plane(self, means: np.ndarray) -> LatentPlane:
        """The plane that the settings ask for, through posterior means [N, D]."""
        return plane_through(means, self.settings.plane, prior=self.vae.objective.sampling)

    def labelled(self, plane: LatentPlane, labels: np.ndarray) -> LabelledPoints:
        """The points of a plane with the labels [N] of their images."""
        return LabelledPoints(plane.points, labels, self.data.class_names, plane.explained)

    def decoded_plane(self, plane: LatentPlane) -> DecodedPlane:
        """What the coordinates of a plane decode to."""
        return DecodedPlane(self.decoded(plane.latents), plane.x, plane.y, plane.explained)

    def _asked_for(self, drawn: Mapping[str, Draw]) -> dict[str, Draw]:
        return {name: draw for name, draw in drawn.items() if self.settings.wants(name.partition(".")[0])}

    def _data(self) -> Figure:
        first = as_trained(self.data, np.arange(min(FIRST_IMAGES, len(self.data.train))))
        return figures.first_images(first.images, first.labels, self.data.class_names)

    def _structure(self) -> Figure:
        parts = [(part.name, layers_of(part)) for part in (self.vae.encoder, self.vae.decoder)]
        return figures.structure(parts) if self.vae.objective.sampling else figures.structure(parts, between="z = mean")

    def _reconstructions(self) -> Figure:
        images = self.some(self.data.test, PAIRS).images
        return figures.reconstructions(images, self.reconstructed(images))

    def _samples_beside(self) -> Figure:
        fitted = as_trained(self.data, np.arange(min(FITTED_IMAGES, len(self.data.train))))
        mixture = fitted_mixture(self.vae, fitted.rows, components=self.settings.mixture, seed=self.seed)
        drawn = self.decoded(drawn_latents(mixture, SAMPLES, self.seed))
        return figures.samples_beside(self.samples(SAMPLES), drawn)

    def _chosen_latents(self) -> Figure:
        latents = np.array(self.settings.points, np.float32)
        return figures.decoded_latents(self.decoded(latents), latents)

    def _interpolations(self) -> Figure:
        several = min(INTERPOLATIONS, max(1, len(self.data.test) // 2))
        # A single image is both ends.
        pairs = np.array(self.settings.pairs or np.arange(2 * several).reshape(several, 2) % len(self.data.test))
        images = self.data.test.images[pairs]  # [R, 2, H, W, C]
        first, last = (self.means(images[:, end]) for end in (0, 1))
        way = self.decoded(interpolated(first, last, INTERPOLATION_STEPS))
        return figures.interpolations(images[:, 0], images[:, 1], way)

    def _of_the_plane(self) -> dict[str, Draw]:
        shown = ShownImages(self, self.some(self.data.test, 2 * SCATTERED))
        some = slice(SCATTERED)
        drawn: dict[str, Draw] = {
            "latent.png": lambda: figures.latent_space(shown.points),
            "grid.png": lambda: figures.decoded_plane(shown.decoded),
            "plane.png": lambda: figures.scatter_and_plane(shown.decoded, shown.points),
            "latent_interactive.html": lambda: figures.interactive_latent(
                shown.points.take(some), shown.split.rows[some]
            ),
        }
        if self.vae.latent_dim > 2:
            drawn["traversals.png"] = lambda: self._traversals(shown.means, followed_factors(shown.compared))
        if self.data.factors:
            drawn["factors.png"] = lambda: figures.followed_factors(shown.followed)
        return drawn

    def _traversals(self, means: np.ndarray, follows: Mapping[int, str]) -> Figure:
        prior = self.vae.objective.sampling
        lines = traversal(means, TRAVERSAL_STEPS, dimensions=TRAVERSALS, prior=prior, follows=follows)
        return figures.traversals(self.decoded(lines.latents), lines.values, lines.names)
