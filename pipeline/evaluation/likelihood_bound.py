"""The importance-weighted bound on −log p(x) (Burda et al. 2016, "Importance weighted autoencoders", eq. 8)."""

import math

import numpy as np

from pipeline.data.random_stream import random_stream
from pipeline.latent.encoding import Encoded, batches, distortions
from pipeline.models.vae import VAE


def importance_weighted_nll(vae: VAE, encoded: Encoded, samples: int, seed: int) -> np.ndarray:
    """An upper bound on −log p(x) of each image, nats, float64 [N]: −log of the mean of weights p(x, z) / q(z | x).

    The bound falls towards −log p(x) as the samples grow; with a single sample it is a sample of −ELBO.

    Args:
        vae: the model.
        encoded: N images with their posteriors.
        samples: weights for each image.
        seed: of the latents.
    """
    weights = log_weights(vae, encoded, samples, seed)
    return math.log(samples) - np.logaddexp.reduce(weights, axis=1)


def log_weights(vae: VAE, encoded: Encoded, samples: int, seed: int) -> np.ndarray:
    """log p(x, z) − log q(z | x) of latents z drawn from each image's posterior, nats, float64 [N, samples]."""
    noise = random_stream(seed, "importance samples")
    owners = np.repeat(np.arange(len(encoded)), samples)
    parts = []
    for batch in batches(len(owners), encoded.images.shape[1:]):
        posterior = encoded.take(owners[batch])
        drawn = noise.standard_normal(posterior.mean.shape)
        latents = posterior.latents(drawn)
        log_ratio = 0.5 * (np.square(drawn) + posterior.log_variance - np.square(latents)).sum(axis=1)
        parts.append(log_ratio - distortions(vae, posterior, latents))
    return np.concatenate(parts).reshape(-1, samples)


def mean_with_control(some: np.ndarray, control: np.ndarray, chosen: np.ndarray) -> tuple[float, float]:
    """The regression estimate of a mean over N images from values of n of them (Cochran 1977, sections 7.1 to 7.4).

    Images differ far more from each other than the bound of each from its −ELBO. So the mean over the images chosen is
    corrected for how their −ELBO differs from that of all images; with all chosen it is their plain mean.

    Args:
        some: values of the images chosen, [n].
        control: values of all images that are correlated with these, [N].
        chosen: positions of the n images among the N, int [n].

    Returns:
        The mean and its standard error, which is infinite for less than three images.
    """
    number = len(some)
    total = len(control)
    known = control[chosen]
    centred = known - known.mean()
    # A control that is constant but for rounding tells nothing, and its slope could be anything.
    slope = 0.0 if np.allclose(known, known[0], rtol=1e-12, atol=0) else centred @ some / (centred @ centred)
    mean = some.mean() + slope * (control.mean() - known.mean())
    if number < 3:  # the residuals of a line have n − 2 degrees of freedom
        return float(mean), math.inf
    residual = some - some.mean() - slope * centred
    # The error of a mean over all N images, and that of the residuals, which are unknown for N − n of them.
    variance = some.var(ddof=1) / total + residual @ residual / (number - 2) * (1 / number - 1 / total)
    return float(mean), math.sqrt(variance)
