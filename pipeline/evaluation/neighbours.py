"""How well the latent space keeps classes apart."""

import numpy as np
from sklearn.neighbors import KNeighborsClassifier


def knn_accuracy(
    train: np.ndarray, train_labels: np.ndarray, means: np.ndarray, labels: np.ndarray, *, neighbours: int
) -> float | None:
    """The share of images whose class most of their nearest neighbours have; None where there is but one class.

    Args:
        train: posterior means of training images, among which neighbours are sought, [M, D].
        train_labels: their classes, [M].
        means, labels: of the images judged, [N, D] and [N].
        neighbours: how many vote; at most M do.
    """
    one_class = len(np.unique(train_labels)) < 2
    if one_class or not (np.isfinite(train).all() and np.isfinite(means).all()):
        return None
    classifier = KNeighborsClassifier(min(neighbours, len(train)))
    return float(classifier.fit(train, train_labels).score(means, labels))
