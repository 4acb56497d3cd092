"""The mutual information of image and latent, one part of the rate (Hoffman and Johnson 2016, "ELBO surgery")."""

import math

import numpy as np
from keras import ops

from pipeline.latent.encoding import Encoded

PAIRS = 1_000_000
"""Densities, one for each pair of a latent and a posterior, that are in memory at once: 8 MB of float64."""


def mutual_information(encoded: Encoded, noise: np.ndarray) -> float:
    """The mutual information of image and latent, nats: the mean of log q(z | x) − log q(z), a latent z for each image.

    The aggregated posterior q(z) is the mixture of the N posteriors, so that the estimate is at most log N: where the
    true value comes near it, it is too low.

    Args:
        encoded: N images with their posteriors.
        noise: standard normal, float64 [N, D].
    """
    latents = encoded.latents(noise)
    number = len(encoded)
    own = -0.5 * (np.square(noise) + encoded.log_variance).sum(axis=1)
    rows = max(1, PAIRS // number)
    mixture = np.concatenate(
        [
            _log_mixture(encoded, latents[start : start + rows], own[start : start + rows], start)
            for start in range(0, number, rows)
        ]
    )
    return float(np.mean(own - mixture))


def _log_mixture(encoded: Encoded, latents: np.ndarray, own: np.ndarray, start: int) -> np.ndarray:
    """log q(z) of latents [B, D], nats, [B], without the constant −(D / 2) log 2π, which log q(z | x) lacks as well.

    Args:
        encoded: N images, whose posteriors are mixed.
        latents: float64 [B, D], drawn from the posteriors of the images from position `start` on.
        own: log q(z | x) of each latent under the posterior that it is drawn from, nats, without that constant, [B].
        start: position of the first of these images.
    """
    precision = np.exp(-encoded.log_variance)
    powers = np.concatenate([np.square(latents), -2 * latents], axis=1)
    factors = np.concatenate([precision, precision * encoded.mean], axis=1)
    # Not NumPy's product: on a busy machine its threads wait for each other ten times as long as they compute.
    products = ops.convert_to_numpy(ops.matmul(powers, factors.T))
    distances = products + (precision * np.square(encoded.mean)).sum(axis=1)
    # Where a posterior is very narrow, rounding may leave less than nothing of a squared distance.
    densities = -0.5 * (np.maximum(distances, 0.0) + encoded.log_variance.sum(axis=1))
    rows = np.arange(len(latents))
    densities[rows, start + rows] = own
    return ops.convert_to_numpy(ops.logsumexp(densities, axis=1)) - math.log(len(encoded))
