"""A mixture of Gaussians fitted to where a model puts its images, for samples where the prior is no guide."""

import numpy as np
from sklearn.mixture import GaussianMixture

from pipeline.data.binarisation import as_trained
from pipeline.data.image_rows import ImageRows
from pipeline.data.images import ImageData
from pipeline.data.random_stream import random_order, random_stream
from pipeline.latent.encoding import encode
from pipeline.models.vae import VAE

FITTED_IMAGES = 5000
"""Images that are enough to fit the mixture to."""


def training_mixture(
    vae: VAE, data: ImageData, label: int | None = None, *, components: int, seed: int, images: int = FITTED_IMAGES
) -> GaussianMixture:
    """A Gaussian mixture over the aggregate posterior of training images, as an epoch meets them.

    A conditional model says in its latents what the class does not, which may differ from class to class, so that each
    class has a mixture of its own.

    Args:
        vae: the model.
        data: that it was trained on.
        label: of the class that images are taken of; None takes them of all, as does a class without training images.
        components: Gaussians of the mixture, at most.
        seed: of latents and fit.
        images: that it is fitted to, at most: a choice at random, as those of a data set may be sorted by class.
    """
    labels = data.train.labels
    is_known = label is not None and label in labels
    chosen = np.flatnonzero(labels == label) if is_known else np.arange(len(labels))
    some = np.sort(random_order(len(chosen), seed, "images of the density")[:images])
    split = as_trained(data, chosen[some])
    return fitted_mixture(vae, split.rows, split.labels, components=components, seed=seed)


def fitted_mixture(
    vae: VAE, images: np.ndarray | ImageRows, labels: np.ndarray | None = None, *, components: int, seed: int
) -> GaussianMixture:
    """A Gaussian mixture over the aggregate posterior of uint8 images [N, H, W, C], with labels int [N].

    With it even a plain autoencoder, whose codes follow no prior, can be sampled (Ghosh et al. 2020, section 4).
    """
    encoded = encode(vae, images, labels)
    noise = random_stream(seed, "density").standard_normal(encoded.mean.shape)
    latents = encoded.latents(noise) if vae.objective.sampling else encoded.mean
    if len(latents) == 1:
        latents = np.repeat(latents, 2, axis=0)  # scikit-learn needs two; twice the same has the same mean
    # A component needs latents of its own, and a floor under its variance that fits the size of the latent space.
    components = min(components, max(1, len(latents) // 10), len(np.unique(latents, axis=0)))
    floor = 1e-6 * max(1.0, float(latents.var()))
    return GaussianMixture(components, reg_covar=floor, random_state=seed).fit(latents)


def drawn_latents(mixture: GaussianMixture, count: int, seed: int) -> np.ndarray:
    """Latents [count, D] drawn from a mixture, their components in random order."""
    latents, _ = mixture.sample(count)
    return np.random.default_rng(seed).permutation(latents)
