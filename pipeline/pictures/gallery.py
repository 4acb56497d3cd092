"""All pictures of one model."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from sklearn.mixture import GaussianMixture

from pipeline import figures
from pipeline.data.binarisation import as_trained
from pipeline.data.images import ImageData, Split
from pipeline.evaluation.disentanglement.followed import followed_factors
from pipeline.figures import DecodedPlane, Figure, LabelledPoints
from pipeline.latent.encoding import decode, encode, reconstruct
from pipeline.latent.mixture import FITTED_IMAGES, drawn_latents, training_mixture
from pipeline.latent.plane import LatentPlane, plane_through
from pipeline.latent.traversal import interpolated, nearer_ends, traversal
from pipeline.models.quantisation import drawn_codes
from pipeline.models.vae import VAE
from pipeline.pictures.class_pictures import ClassPictures
from pipeline.pictures.course_pictures import course_pictures
from pipeline.pictures.draw import Draw
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
        self.by_class = ClassPictures(self)

    def cards(self, split: Split) -> dict[str, Callable[[], np.ndarray]]:
        """What draws the cards of a split, uint8 [S, S, 3], by name; always of the same images."""
        pairs = self.some(split, CARD_PAIRS)
        shown = ShownImages(self, self.some(split, SCATTERED))
        drawn = {
            "reconstructions": lambda: figures.reconstructions_card(pairs.images, self.reconstructed(pairs)),
            "latent": lambda: figures.latent_card(shown.points),
            "grid": lambda: figures.plane_card(shown.decoded),
            "samples": lambda: figures.mosaic_card(self.samples(SAMPLES)),
        }
        if self.data.factors:
            drawn["factors"] = lambda: figures.followed_factors_card(shown.followed)
        return drawn | (self.by_class.cards(shown) if self.vae.conditional else {})

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
        drawn |= course_pictures(snapshots, self.data.class_names) if snapshots else {}
        shown = ShownImages(self, self.some(self.data.test, 2 * SCATTERED))
        drawn |= self._of_the_plane(shown)
        return self._asked_for(drawn | (self.by_class.pictures(shown) if self.vae.conditional else {}))

    def snapshots(self, folder: Path) -> Snapshots | None:
        """What keeps the course of the training in a folder; None where no picture of it is asked for."""
        if not any(self.settings.wants(name) for name in ("evolution", "latent_steps", "latent_film")):
            return None
        return Snapshots(self.vae, self.some(self.data.validation, SNAPSHOT_IMAGES), folder)

    def some(self, split: Split, count: int) -> Split:
        """A choice of the images, the same for all models of a seed."""
        order = np.random.default_rng(self.seed).permutation(len(split))
        return split.take(order[:count])

    def means(self, split: Split) -> np.ndarray:
        """Posterior means [N, D] of the images of a split."""
        return encode(self.vae, split.rows, split.labels).mean

    def decoded(self, latents: np.ndarray, labels: np.ndarray | int | None = None) -> np.ndarray:
        """The expected images at latents [..., D]: [..., H, W, C] in [0, 1].

        A conditional model is told these labels, int [...]; the first class that is shown if there are none.
        """
        return decode(self.vae, latents, self.by_class.labels[0] if labels is None else labels)

    def reconstructed(self, split: Split) -> np.ndarray:
        """The images of a split decoded from their posterior means, [N, H, W, C] in [0, 1]."""
        return reconstruct(self.vae, split.images, split.labels)

    def noise(self, count: int) -> np.ndarray:
        """Latents drawn from the prior, [count, D]; of a model of codes, of which all are equally probable, codes."""
        stream, shape, levels = np.random.default_rng(self.seed), (count, self.vae.latent_dim), self.vae.levels
        return stream.standard_normal(shape) if levels is None else drawn_codes(stream, shape, levels)

    def samples(self, count: int) -> np.ndarray:
        """Decoded draws from the prior, [count, H, W, C] in [0, 1]; of a conditional model its classes take turns."""
        return self.decoded(self.noise(count), np.resize(self.by_class.labels, count))

    def mixture(self, label: int | None = None, *, images: int = FITTED_IMAGES) -> GaussianMixture:
        """The density of the latents of training images, at most so many, of a class if one is given."""
        components = self.settings.mixture
        return training_mixture(self.vae, self.data, label, components=components, seed=self.seed, images=images)

    def plane(self, means: np.ndarray) -> LatentPlane:
        """The plane that the settings ask for, through posterior means [N, D]."""
        return plane_through(means, self.settings.plane, prior=self.vae.objective.sampling)

    def labelled(self, plane: LatentPlane, labels: np.ndarray) -> LabelledPoints:
        """The points of a plane with the labels [N] of their images."""
        return LabelledPoints(plane.points, labels, self.data.class_names, plane.explained)

    def decoded_plane(self, plane: LatentPlane) -> DecodedPlane:
        """What the coordinates of a plane decode to; of a conditional model as the first class that is shown."""
        name = self.by_class.names[0] if self.vae.conditional else None
        return DecodedPlane(self.decoded(plane.latents), plane.x, plane.y, plane.explained, name)

    def _asked_for(self, drawn: Mapping[str, Draw]) -> dict[str, Draw]:
        return {name: draw for name, draw in drawn.items() if self.settings.wants(name.partition(".")[0])}

    def _data(self) -> Figure:
        first = as_trained(self.data, np.arange(min(FIRST_IMAGES, len(self.data.train))))
        return figures.first_images(first.images, first.labels, self.data.class_names)

    def _structure(self) -> Figure:
        parts = [(part.name, layers_of(part)) for part in (self.vae.encoder, self.vae.decoder)]
        return figures.structure(parts) if self.vae.objective.sampling else figures.structure(parts, between="z = mean")

    def _reconstructions(self) -> Figure:
        pairs = self.some(self.data.test, PAIRS)
        return figures.reconstructions(pairs.images, self.reconstructed(pairs))

    def _samples_beside(self) -> Figure:
        drawn = self.decoded(drawn_latents(self.mixture(), SAMPLES, self.seed))
        return figures.samples_beside(self.samples(SAMPLES), drawn)

    def _chosen_latents(self) -> Figure:
        latents = np.array(self.settings.points, np.float32)
        if self.vae.conditional:
            return self.by_class.points(latents)
        return figures.decoded_latents(self.decoded(latents), latents)

    def _interpolations(self) -> Figure:
        several = min(INTERPOLATIONS, max(1, len(self.data.test) // 2))
        # A single image is both ends.
        pairs = np.array(self.settings.pairs or np.arange(2 * several).reshape(several, 2) % len(self.data.test))
        first, last = (self.data.test.take(pairs[:, end]) for end in (0, 1))
        latents = interpolated(self.means(first), self.means(last), INTERPOLATION_STEPS)
        way = self.decoded(latents, nearer_ends(first.labels, last.labels, INTERPOLATION_STEPS))
        return figures.interpolations(first.images, last.images, way, by_class=self.vae.conditional)

    def _of_the_plane(self, shown: ShownImages) -> dict[str, Draw]:
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
        title = f"Latent traversals as class {self.by_class.names[0]}" if self.vae.conditional else "Latent traversals"
        return figures.traversals(self.decoded(lines.latents), lines.values, lines.names, title)
