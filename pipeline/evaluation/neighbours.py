"""How well the latent space keeps classes apart."""

import numpy as np
from scipy.stats import mode
from sklearn.neighbors import NearestNeighbors


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
    nearest = NearestNeighbors(n_neighbors=min(neighbours, len(train))).fit(train).kneighbors(means)[1]
    # Not scikit-learn's classifier: of many latent dimensions it holds a number for each image and each class.
    votes = mode(np.asarray(train_labels)[nearest], axis=1).mode
    return float((votes == labels).mean())
