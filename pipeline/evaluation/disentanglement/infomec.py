"""InfoMEC: modularity, explicitness and compactness as information (Hsu et al. 2023, "Disentanglement via latent
quantization").
"""

import warnings
from typing import NamedTuple

import numpy as np
from scipy.stats import entropy
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import mutual_info_classif
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight

NEIGHBOURS = 10
"""Nearest neighbours by whose distances mutual information is estimated (Ross 2014)."""

STEPS = 100
"""Steps of L-BFGS at most with which a logistic regression is fitted."""


class InfoMec(NamedTuple):
    """The three scores, each from 0 to 1.

    Attributes:
        modularity: how far each latent tells of one factor alone; None where there is one factor. It means
            nothing where latents tell nothing.
        explicitness: the share of the information of a factor that a linear classifier finds in the latents.
        compactness: how far one latent alone tells of each factor; None where there is one latent.
    """

    modularity: float | None
    explicitness: float
    compactness: float | None


def infomec(latents: np.ndarray, factors: np.ndarray) -> InfoMec:
    """The scores of latents that are active.

    Args:
        latents: [N, D].
        factors: int [N, F], of which each has two values at least.
    """
    scaled = StandardScaler().fit_transform(latents)
    information = np.stack([_information(scaled, factor) for factor in factors.T], axis=1)
    explicitness = float(np.mean([_explicitness(scaled, factor) for factor in factors.T]))
    return InfoMec(_concentration(information), explicitness, _concentration(information.T))


def _information(latents: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """The mutual information of each latent [N, D] and a factor [N] as a share of the factor's entropy, [D]."""
    estimated = mutual_info_classif(latents, factor, discrete_features=False, n_neighbors=NEIGHBOURS, random_state=0)
    return np.asarray(estimated / entropy(np.bincount(factor)))


def _concentration(shares: np.ndarray) -> float | None:
    """The mean over rows [R, C] of the share that the largest part has of a row's sum.

    It is 0 where all parts are equal, as in a row of zeros, 1 where one is all, and None where rows have but one.
    """
    columns = shares.shape[1]
    if columns < 2:
        return None
    total = shares.sum(axis=1)
    largest = np.where(total > 0, shares.max(axis=1) / np.where(total > 0, total, 1), 1 / columns)
    return float((largest.mean() - 1 / columns) / (1 - 1 / columns))


def _explicitness(latents: np.ndarray, factor: np.ndarray) -> float:
    """The share of the entropy of a factor [N], its values weighed equally, that latents [N, D] tell linearly."""
    model = LogisticRegression(C=np.inf, class_weight="balanced", max_iter=STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # what is found within these steps is what counts as easy
        model.fit(latents, factor)
    remaining = log_loss(factor, model.predict_proba(latents), sample_weight=compute_sample_weight("balanced", factor))
    return float(1 - remaining / np.log(len(model.classes_)))
