"""Draws from a density over the latent space, decoded."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline import figures
from pipeline.config.values import Count, Seed, Weight
from pipeline.errors import InputError
from pipeline.generation.asked_classes import AskedClasses, asked_labels, names_of
from pipeline.generation.generated import Generated
from pipeline.latent.encoding import decode
from pipeline.latent.mixture import drawn_latents, training_mixture
from pipeline.runs.loaded_run import LoadedRun

COLUMNS = 16
"""Samples of each class that a figure of several classes shows."""


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Draws from the prior, or from a Gaussian mixture fitted to the posterior of the training images.

    Attributes:
        n: how many draws.
        seed: of the draws.
        temperature: a factor on the standard deviation of the prior, or of each component; 0 is the most likely.
        density: that is drawn from.
        components: of the mixture.
        classes: of a conditional model, each decoded from n draws.
    """

    n: Count
    seed: Seed
    temperature: Weight
    density: Literal["prior", "mixture"]
    components: Count
    classes: AskedClasses

    def generate(self, trained: LoadedRun) -> Generated:
        """The decoded draws, [n] images, and a mosaic of them; of a conditional model [K, n], and a row for each class.

        Raises:
            InputError: the model has no prior to draw from, or no such class.
        """
        labels = asked_labels(self.classes, trained)
        if labels is not None:
            return self._of_classes(trained, labels)
        latents = self._from_prior(trained) if self.density == "prior" else self._from_mixture(trained)
        images = decode(trained.vae, latents)
        return Generated(images, latents, figures.samples(images, f"{trained.name}: samples"))

    def _of_classes(self, trained: LoadedRun, labels: np.ndarray) -> Generated:
        """Samples of each class; those from the prior are of the same latents in all classes."""
        if self.density == "prior":
            latents = np.stack([self._from_prior(trained)] * len(labels))
        else:
            latents = np.stack([self._from_mixture(trained, label) for label in labels])
        images = decode(trained.vae, latents, labels[:, None])
        names = names_of(labels, trained)
        if len(labels) == 1:
            figure = figures.samples(images[0], f"{trained.name}: samples as class {names[0]}")
        else:
            figure = figures.class_rows({"": images[:, :COLUMNS]}, names, f"{trained.name}: samples of each class")
        return Generated(images, latents, figure, classes=names)

    def _from_prior(self, trained: LoadedRun) -> np.ndarray:
        """Latents [n, D]."""
        if not trained.vae.objective.sampling:
            raise InputError(
                f"what.density=prior: run {trained.id} is an autoencoder, which has no prior. Set what.density=mixture"
            )
        noise = np.random.default_rng(self.seed).standard_normal((self.n, trained.vae.latent_dim))
        return self.temperature * noise

    def _from_mixture(self, trained: LoadedRun, label: int | None = None) -> np.ndarray:
        """Latents [n, D], of a class if one is given."""
        if label is not None and label not in trained.data.train.labels:
            raise InputError(
                f"what.density=mixture: run {trained.id} was trained on no image of class "
                f"{trained.vae.class_names[label]}. Leave it out of what.classes, or set what.density=prior"
            )
        mixture = training_mixture(trained.vae, trained.data, label, components=self.components, seed=self.seed)
        mixture.covariances_ = self.temperature**2 * mixture.covariances_
        return drawn_latents(mixture, self.n, self.seed)
