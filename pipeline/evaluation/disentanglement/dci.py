"""Disentanglement, completeness, informativeness (Eastwood and Williams 2018, "A framework for the quantitative
evaluation of disentangled representations").
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import entropy
from sklearn.ensemble import RandomForestClassifier

from pipeline.data.random_stream import random_order

TREES = 10
"""Trees that predict a factor together."""

LEAF = 5
"""Images in a leaf at least: smaller ones would be found by chance, and make latents important that tell nothing."""


class Dci(NamedTuple):
    """The three scores, each from 0 to 1.

    Attributes:
        disentanglement: how far each latent is important for one factor alone, the more important a latent the more it
            counts; None where there is one factor.
        completeness: how far one latent alone is important for each factor; None where there is one latent.
        informativeness: the accuracy with which factors are predicted for images that the trees were not fitted to.
    """

    disentanglement: float | None
    completeness: float | None
    informativeness: float


def dci(latents: np.ndarray, factors: np.ndarray) -> Dci:
    """The scores (section 2), with the importances of random forests, half of the images to fit them.

    Args:
        latents: [N, D].
        factors: int [N, F], of which each has two values at least.
    """
    order = random_order(len(latents), 0, "dci")
    fitted, held_out = np.array_split(order, 2)
    importances = np.empty((latents.shape[1], factors.shape[1]))
    accuracies = []
    for column, factor in enumerate(factors.T):
        forest = RandomForestClassifier(TREES, min_samples_leaf=LEAF, max_features=None, random_state=0)
        forest.fit(latents[fitted], factor[fitted])
        importances[:, column] = forest.feature_importances_
        accuracies.append(forest.score(latents[held_out], factor[held_out]))
    return Dci(_of_latents(importances), _of_factors(importances), float(np.mean(accuracies)))


def _of_latents(importances: np.ndarray) -> float | None:
    """Disentanglement, from the importance of each latent for each factor, [D, F]."""
    count = importances.shape[1]
    if count < 2:
        return None
    total = importances.sum(axis=1)
    used = total > 0
    if not used.any():
        return 0.0
    single = 1 - entropy(importances[used], axis=1, base=count)
    return float(np.average(single, weights=total[used]))


def _of_factors(importances: np.ndarray) -> float | None:
    """Completeness, likewise; a factor that nothing tells has none."""
    count = importances.shape[0]
    if count < 2:
        return None
    told = importances.sum(axis=0) > 0
    single = np.zeros(importances.shape[1])
    single[told] = 1 - entropy(importances[:, told], axis=0, base=count)
    return float(single.mean())
