"""Separated attribute predictability (Kumar et al. 2018, "Variational inference of disentangled latent concepts")."""

from collections.abc import Sequence

import numpy as np
from sklearn.metrics import balanced_accuracy_score
from sklearn.tree import DecisionTreeClassifier

from pipeline.evaluation.disentanglement.gap import gaps


def sap(latents: np.ndarray, factors: np.ndarray, ordered: Sequence[bool]) -> float:
    """The mean over factors of the gap between the two latents from which each is predicted best (section 3).

    An ordered factor is predicted linearly, which scores the squared correlation; a factor of kinds by thresholds, one
    less than it has kinds, which score the balanced accuracy.

    Args:
        latents: [N, D].
        factors: int [N, F], of which each has two values at least.
        ordered: whether the values of each factor are amounts, [F].
    """
    scores = np.empty((latents.shape[1], factors.shape[1]))
    floor = np.zeros(factors.shape[1])
    for column, (factor, amounts) in enumerate(zip(factors.T, ordered, strict=True)):
        if amounts:
            scores[:, column] = _squared_correlations(latents, factor)
        else:
            kinds = len(np.unique(factor))
            scores[:, column] = [_accuracy(latent, factor, kinds) for latent in latents.T]
            floor[column] = 1 / kinds
    return float(gaps(scores, floor).mean())


def _squared_correlations(latents: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """The squared correlation of each latent [N, D] with a factor [N], [D]; 0 for a latent that is constant."""
    centred, values = latents - latents.mean(axis=0), factor - factor.mean()
    variances = np.square(centred).sum(axis=0) * np.square(values).sum()
    return np.square(values @ centred) / np.where(variances > 0, variances, 1)


def _accuracy(latent: np.ndarray, factor: np.ndarray, kinds: int) -> float:
    """The balanced accuracy of thresholds on a latent [N] that predict a factor [N] of so many kinds."""
    tree = DecisionTreeClassifier(max_leaf_nodes=kinds, class_weight="balanced", random_state=0)
    column = latent[:, None]
    return float(balanced_accuracy_score(factor, tree.fit(column, factor).predict(column)))
