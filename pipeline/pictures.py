"""What a model looks like: its reconstructions, latent space, decoded plane, prior samples and traversals."""

from dataclasses import dataclass

import numpy as np
from keras import ops

from pipeline import figures
from pipeline.data.batches import pixels
from pipeline.data.images import ImageData, Split
from pipeline.figures import Figure
from pipeline.models.vae import VAE

SCATTERED = 2000
"""Points of the latent scatter: more hide each other."""


@dataclass(frozen=True)
class Look:
    """A plane through the latent space and where the images lie on it.

    Attributes:
        axes: the frame whose first two directions span the plane.
        points: [N, 2], or [N, 1] where the latent space is a line.
        x, y: coordinates that are decoded.
    """

    axes: figures.PlaneAxes
    points: np.ndarray
    x: np.ndarray
    y: np.ndarray

    @property
    def labels(self) -> tuple[str, str]:
        """Names of the two axes."""
        return ("principal axis 1", "principal axis 2") if self.axes.principal else ("z1", "z2")


class Pictures:
    """Draws one model again and again, always with the same images and the same noise.

    Args:
        vae: the model, in whatever state it is when a picture is asked for.
        data: what it is trained on.
        seed: of the choice of images and of the samples.
    """

    def __init__(self, vae: VAE, data: ImageData, seed: int) -> None:
        self.vae, self.data, self.seed = vae, data, seed

    def cards(self, split: Split) -> dict[str, np.ndarray]:
        """Square pictures of a split by name, always of the same images."""
        images = pixels(self._some(split, 32).images)
        shown = self._some(split, SCATTERED)
        look = self._look(shown)
        return {
            "reconstructions": figures.reconstructions_card(images, self._reconstructed(images)),
            "latent": figures.latent_card(look.points, shown.labels, self.data.class_names, look.axes.explained),
            "grid": figures.plane_card(self._plane(look)),
            "samples": figures.mosaic_card(self._samples(100)),
        }

    def final(self, history: dict[str, list[float]]) -> dict[str, Figure]:
        """Figures of the test split and of the training's course, by name."""
        split = self.data.test
        images = pixels(self._some(split, 40).images)
        shown = self._some(split, 2 * SCATTERED)
        look = self._look(shown)
        drawn = {
            "reconstructions": figures.reconstructions(images, self._reconstructed(images)),
            "latent": figures.latent(look.points, shown.labels, self.data.class_names, look.axes.explained),
            "grid": figures.grid(self._plane(look), look.x, look.y, *look.labels),
            "samples": figures.samples(self._samples(100)),
            "losses": figures.losses(history),
        }
        return drawn | ({"traversals": self._traversals(shown)} if self.vae.latent_dim > 2 else {})

    def _some(self, split: Split, count: int) -> Split:
        order = np.random.default_rng(self.seed).permutation(len(split))
        return split.take(order[:count])

    def _means(self, images: np.ndarray) -> np.ndarray:
        return np.asarray(ops.convert_to_numpy(self.vae.posterior(pixels(images)).mean), np.float32)

    def _decoded(self, latents: np.ndarray) -> np.ndarray:
        flat = latents.reshape(-1, latents.shape[-1]).astype("float32")
        images = ops.convert_to_numpy(self.vae.decode(flat))
        return np.clip(images, 0, 1).reshape(*latents.shape[:-1], *images.shape[1:])

    def _reconstructed(self, images: np.ndarray) -> np.ndarray:
        return np.clip(ops.convert_to_numpy(self.vae.reconstruct(images)), 0, 1)

    def _look(self, split: Split) -> Look:
        means = self._means(split.images)
        axes = figures.latent_axes(means)
        points = axes.coordinates(means)
        x, *y = (self._coordinates(points[:, index]) for index in range(points.shape[1]))
        return Look(axes, points, x, y[0] if y else np.zeros(1))

    def _coordinates(self, points: np.ndarray) -> np.ndarray:
        """Quantiles of the prior; an autoencoder has none, so where its codes are."""
        if self.vae.objective.sampling:
            return figures.quantiles(15)
        low, high = np.quantile(points, (0.01, 0.99))
        return figures.even(low, high, 15)

    def _plane(self, look: Look) -> np.ndarray:
        return self._decoded(figures.plane_points(look.axes, look.x, look.y))

    def _samples(self, count: int) -> np.ndarray:
        return self._decoded(np.random.default_rng(self.seed).standard_normal((count, self.vae.latent_dim)))

    def _traversals(self, split: Split) -> Figure:
        """Each dimension moved alone, the others at the mean of all posterior means; most varied dimensions first."""
        means = self._means(split.images)
        order = np.argsort(-means.var(axis=0))[:20]
        values = figures.quantiles(11)
        latents = np.tile(means.mean(axis=0), (len(order), len(values), 1))
        for row, dimension in enumerate(order):
            latents[row, :, dimension] = values
        return figures.traversals(self._decoded(latents), values, [f"z{dimension + 1}" for dimension in order])
