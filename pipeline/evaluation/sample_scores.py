"""Scores of what a model generates: how near samples come to images of the data set, in features of that data set."""

from typing import Any

import numpy as np

from pipeline.data.image_rows import ImageRows
from pipeline.data.images import ImageData, Split
from pipeline.data.random_stream import random_stream
from pipeline.evaluation.kept_features import feature_network_of
from pipeline.evaluation.kernel_distance import kernel_distance
from pipeline.evaluation.precision_and_recall import fidelity_and_diversity
from pipeline.latent.encoding import decode
from pipeline.latent.mixture import drawn_latents, training_mixture
from pipeline.models.vae import VAE

NEIGHBOURS = 5
"""The k-th nearest image of its own set ends the ball of an image, with the k of Naeem et al. 2020."""
COMPONENTS = 10
"""Gaussians of the density from which latents of a model without a prior are drawn (Ghosh et al. 2020, section 4)."""


def sample_scores(vae: VAE, data: ImageData, shown: Split, seed: int) -> dict[str, Any]:
    """KID with its standard error, precision, recall, density and coverage of images and as many samples.

    Samples are expected images, as papers take them; where the images are black and white, each pixel is drawn. There
    are no scores where there are too few images for a ball, or samples are not finite.

    Args:
        vae: the model.
        data: that it was trained on.
        shown: images that samples are compared with.
        seed: of the samples.

    Returns:
        The scores by name, the number of samples as `samples`, and the name of the feature network as
        `feature_network`.
    """
    real = shown.rows
    generated = generated_images(vae, data, shown.labels, seed)
    if is_black_and_white(vae, real):
        draws = random_stream(seed, "pixels of samples").uniform(size=generated.shape)
        generated = (draws < generated).astype("float32")
    if len(real) <= NEIGHBOURS or not np.isfinite(generated).all():
        return {}
    network = feature_network_of(data)
    features = network.features(generated)
    features_of_real = network.features(real)
    distance, standard_error = kernel_distance(features_of_real, features)
    shares = fidelity_and_diversity(features_of_real, features, neighbours=NEIGHBOURS)
    return {
        "kid": distance,
        "kid_standard_error": standard_error,
        "sample_precision": shares.precision,
        "sample_recall": shares.recall,
        "sample_density": shares.density,
        "sample_coverage": shares.coverage,
        "samples": len(generated),
        "feature_network": network.name,
    }


def generated_images(vae: VAE, data: ImageData, labels: np.ndarray, seed: int) -> np.ndarray:
    """The expected images of latents that are drawn, float [N, H, W, C] in [0, 1], one for each of the labels, int [N].

    A conditional model is told them, so that samples are of as many images of each class. Latents are drawn from the
    prior, and for a model that draws none in training, which has no prior, from a mixture of Gaussians fitted to the
    codes of training images, as `generate` does; of a conditional model one for each class.
    """
    if vae.objective.sampling:
        drawn = random_stream(seed, "samples").standard_normal((len(labels), vae.latent_dim))
        return decode(vae, drawn, labels)
    if not vae.conditional:
        mixture = training_mixture(vae, data, components=COMPONENTS, seed=seed)
        return decode(vae, drawn_latents(mixture, len(labels), seed), labels)
    latents = np.empty((len(labels), vae.latent_dim))
    for label in np.unique(labels).tolist():
        of_class = labels == label
        # A seed for each class: KID takes samples for independent, which those of the same draws would not be.
        mixture = training_mixture(vae, data, label, components=COMPONENTS, seed=seed + label)
        latents[of_class] = drawn_latents(mixture, of_class.sum(), seed + label)
    return decode(vae, latents, labels)


def is_black_and_white(vae: VAE, images: ImageRows) -> bool:
    """Whether images and the pixels of the likelihood are black and white, so that grey samples would be others."""
    return vae.likelihood.pixel_values == 1 and vae.likelihood.bits_per_dimension(0.0, images.whole()) is not None
