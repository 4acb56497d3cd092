"""Draws from a density over the latent space, decoded."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline import figures
from pipeline.config.values import Count, Seed, Weight
from pipeline.data.binarisation import as_trained
from pipeline.errors import InputError
from pipeline.generation.generated import Generated
from pipeline.latent.encoding import decode
from pipeline.latent.mixture import FITTED_IMAGES, drawn_latents, fitted_mixture
from pipeline.runs.loaded_run import LoadedRun


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Draws from the prior, or from a Gaussian mixture fitted to the posterior of the training images.

    Attributes:
        n: how many draws.
        seed: of the draws.
        temperature: a factor on the standard deviation of the prior, or of each component; 0 is the most likely.
        density: that is drawn from.
        components: of the mixture.
    """

    n: Count
    seed: Seed
    temperature: Weight
    density: Literal["prior", "mixture"]
    components: Count

    def generate(self, trained: LoadedRun) -> Generated:
        """The decoded draws, [n] images, and a mosaic of them.

        Raises:
            InputError: the model has no prior to draw from.
        """
        latents = self._from_prior(trained) if self.density == "prior" else self._from_mixture(trained)
        images = decode(trained.vae, latents)
        return Generated(images, latents, figures.samples(images, f"{trained.name}: samples"))

    def _from_prior(self, trained: LoadedRun) -> np.ndarray:
        """Latents [n, D]."""
        if not trained.vae.objective.sampling:
            raise InputError(
                f"what.density=prior: run {trained.id} is an autoencoder, which has no prior. Set what.density=mixture"
            )
        noise = np.random.default_rng(self.seed).standard_normal((self.n, trained.vae.latent_dim))
        return self.temperature * noise

    def _from_mixture(self, trained: LoadedRun) -> np.ndarray:
        """Latents [n, D]."""
        fitted = as_trained(trained.data, np.arange(min(FITTED_IMAGES, len(trained.data.train))))
        mixture = fitted_mixture(trained.vae, fitted.rows, components=self.components, seed=self.seed)
        mixture.covariances_ = self.temperature**2 * mixture.covariances_
        return drawn_latents(mixture, self.n, self.seed)
