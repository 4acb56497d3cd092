"""The accuracy of a nearest-neighbour classifier in latent space: how well the space keeps classes apart."""

import numpy as np
from scipy.stats import mode
from sklearn.neighbors import NearestNeighbors


def knn_accuracy(
    train: np.ndarray, train_labels: np.ndarray, means: np.ndarray, labels: np.ndarray, *, neighbours: int
) -> float | None:
    """The share of images whose class most of their nearest neighbours have; None where there is but one class.

    Args:
        train: posterior means of training images, among which neighbours are sought, float [M, D].
        train_labels: classes of the training images, int [M].
        means, labels: posterior means, float [N, D], and classes, int [N], of the images to be classified.
        neighbours: training images that vote on each image; at most M do.
    """
    one_class = len(np.unique(train_labels)) < 2
    if one_class or not (np.isfinite(train).all() and np.isfinite(means).all()):
        return None
    nearest = NearestNeighbors(n_neighbors=min(neighbours, len(train))).fit(train).kneighbors(means)[1]
    # Not scikit-learn's KNeighborsClassifier: with many classes its table of votes, [N, classes], outgrows the memory.
    votes = mode(np.asarray(train_labels)[nearest], axis=1).mode
    return float((votes == labels).mean())
