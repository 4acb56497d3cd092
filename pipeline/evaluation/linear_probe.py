"""The accuracy of a linear classifier of latents: how far classes can be told by weighted sums of the dimensions."""

import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

MOST_LOGITS = 500_000
"""Logits, one for each pair of an image and a class, that a step of the fit computes, so that it takes no minutes."""


def linear_probe_accuracy(
    train: np.ndarray, train_labels: np.ndarray, means: np.ndarray, labels: np.ndarray
) -> float | None:
    """The share of images whose class a linear classifier tells (Alain and Bengio 2017); None where there is one class.

    It is a multinomial logistic regression of standardised means, with scikit-learn's penalty of half the squared
    weights. So that it takes seconds, it is fitted to at most 500,000 images divided by the number of classes.

    Args:
        train: posterior means of training images in random order, to which the classifier is fitted, float [M, D].
        train_labels: classes of the training images, int [M].
        means, labels: posterior means, float [N, D], and classes, int [N], of the images to be classified.
    """
    fitted = slice(max(1, MOST_LOGITS // max(1, len(np.unique(train_labels)))))
    one_class = len(np.unique(train_labels[fitted])) < 2
    if one_class or not (np.isfinite(train).all() and np.isfinite(means).all()):
        return None
    classifier = make_pipeline(StandardScaler(), LogisticRegression())
    with warnings.catch_warnings():
        # Of 100 steps that were not enough, which hardly matters to what is told apart, and of very many classes.
        warnings.simplefilter("ignore", UserWarning)
        classifier.fit(train[fitted], train_labels[fitted])
    rows = range(0, len(means), max(1, MOST_LOGITS // len(classifier.classes_)))
    told = [classifier.predict(means[start : start + rows.step]) for start in rows]
    return float((np.concatenate(told) == labels).mean())
