"""The importance-weighted bound on −log p(x) (Burda et al. 2016, "Importance weighted autoencoders", eq. 8)."""

import math

import numpy as np

from pipeline.data.stream import stream
from pipeline.latent.encoding import Encoded, batches, distortions
from pipeline.models.vae import VAE


def importance_weighted_nll(vae: VAE, encoded: Encoded, samples: int, seed: int) -> np.ndarray:
    """An upper bound on −log p(x) of each image, nats, [N]: −log of the mean of `samples` weights p(x, z) / q(z | x).

    It falls towards −log p(x) as the samples grow; with one it is −ELBO, with the rate sampled as well.
    """
    weights = log_weights(vae, encoded, samples, seed)
    return math.log(samples) - np.logaddexp.reduce(weights, axis=1)


def log_weights(vae: VAE, encoded: Encoded, samples: int, seed: int) -> np.ndarray:
    """log p(x, z) − log q(z | x) of latents z drawn from each image's posterior, nats, [N, samples]."""
    noise = stream(seed, "importance samples")
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
    """The mean over all images of what is known of some, and its standard error (Cochran 1977, sections 7.1 to 7.4).

    Images differ far more from each other than the bound of each from its −ELBO. So the mean over those chosen is
    corrected for how the −ELBO of these differs from that of all (the regression estimator); with all chosen it stays.

    Args:
        some: values of the images chosen, [n].
        control: what goes along with them, of all images, [N].
        chosen: positions of the former among the latter, [n].

    Returns:
        The mean and its standard error, which is infinite for less than three images.
    """
    number, total = len(some), len(control)
    known = control[chosen]
    centred = known - known.mean()
    # A control that is constant but for rounding tells nothing, and its slope could be anything.
    slope = 0.0 if np.allclose(known, known[0], rtol=1e-12, atol=0) else centred @ some / (centred @ centred)
    mean = some.mean() + slope * (control.mean() - known.mean())
    if number < 3:
        return float(mean), math.inf
    residual = some - some.mean() - slope * centred
    # As if all had been scored, and beside it what the residual leaves open of those that were not.
    variance = some.var(ddof=1) / total + residual @ residual / (number - 2) * (1 / number - 1 / total)
    return float(mean), math.sqrt(variance)
