"""The mutual information of each latent and each factor, by counting how often their values meet."""

import numpy as np
from scipy.stats import entropy

BINS = 20
"""Parts of equal width that the range of a latent is divided in, as Locatello et al. (2019) divide it."""


def normalised_information(latents: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """I(latent; factor) / H(factor) of each pair, from 0 to 1, float64 [D, F].

    It is the information of the counts: with few images it is too high, by about (bins − 1)(values − 1) / 2N nats.

    Args:
        latents: [N, D].
        factors: int [N, F], of which each has two values at least.
    """
    binned = _binned(latents)
    return np.array([[_share(latent, factor) for factor in factors.T] for latent in binned.T]).reshape(
        latents.shape[1], factors.shape[1]
    )


def information_beyond_chance(latents: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """The same without what counts of so few images tell by chance alone, from 0 to 1, float64 [D, F].

    Chance gives (bins − 1)(values − 1) / 2N nats (Miller 1955, "Note on the bias of information estimates").
    """
    values = [np.bincount(factor) for factor in factors.T]
    chance = [(BINS - 1) * ((each > 0).sum() - 1) / (2 * len(latents) * entropy(each)) for each in values]
    return np.maximum(normalised_information(latents, factors) - chance, 0)


def _binned(latents: np.ndarray) -> np.ndarray:
    """The bin of each value [N, D] in the range of its latent, int [N, D]."""
    low, width = latents.min(axis=0), np.ptp(latents, axis=0)
    shares = (latents - low) / np.where(width > 0, width, 1)
    return np.minimum((shares * BINS).astype(int), BINS - 1)


def _share(latent: np.ndarray, factor: np.ndarray) -> float:
    """The share of the entropy of a factor, int [N], that a binned latent, int [N], tells."""
    counts = np.zeros((BINS, factor.max() + 1))
    np.add.at(counts, (latent, factor), 1)
    of_factor = entropy(counts.sum(axis=0))
    told = of_factor + entropy(counts.sum(axis=1)) - entropy(counts, axis=None)
    return float(max(told, 0.0) / of_factor)
