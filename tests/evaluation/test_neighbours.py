"""Classes told by the nearest training images in latent space."""

import numpy as np
import pytest
from linear_gaussian import data_of, linear_vae, settings

from pipeline.data.images import Split
from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.neighbours import knn_accuracy

LINE = np.arange(6.0)[:, None]
CLASSES = np.array([0, 0, 0, 1, 1, 2])


def test_most_neighbours_decide() -> None:
    at = np.array([[0.9], [4.1]])  # among 0, 0, 0 and among 1, 1, 2
    assert knn_accuracy(LINE, CLASSES, at, np.array([0, 1]), neighbours=3) == 1.0
    assert knn_accuracy(LINE, CLASSES, at, np.array([0, 2]), neighbours=3) == 0.5
    assert knn_accuracy(LINE, CLASSES, np.array([[5.0]]), np.array([2]), neighbours=1) == 1.0


def test_no_more_neighbours_vote_than_there_are() -> None:
    assert knn_accuracy(LINE, CLASSES, np.array([[5.0]]), np.array([0]), neighbours=1000) == 1.0


def test_one_class_cannot_be_told_apart() -> None:
    assert knn_accuracy(LINE, np.zeros(6, int), LINE, np.zeros(6, int), neighbours=3) is None


@pytest.mark.parametrize("lost", [np.nan, np.inf])
def test_means_beyond_all_numbers_have_no_neighbours(lost: float) -> None:
    assert knn_accuracy(LINE, CLASSES, np.array([[lost]]), np.array([0]), neighbours=3) is None


def grey(values: list[int]) -> np.ndarray:
    return np.array(values, np.uint8).reshape(-1, 1, 1, 1)


def test_images_are_judged_by_training_images_in_latent_space() -> None:
    vae = linear_vae(encoder=[[1.0]], shape=(1, 1, 1))
    train = Split(grey([0, 10, 20, 200, 210, 220]), np.array([0, 0, 0, 1, 1, 1]))
    data = data_of(grey([5, 15, 205, 30]), [0, 0, 1, 1], train)
    assert evaluate(vae, data, settings()).knn_accuracy == 0.75


def test_neighbours_are_sought_among_as_many_images_as_are_set() -> None:
    vae = linear_vae(encoder=[[1.0]], shape=(1, 1, 1))
    train = Split(grey([0, *[255] * 40]), np.array([0, *[1] * 40]))
    data = data_of(grey([0]), [0], train)
    assert evaluate(vae, data, settings(neighbours=1)).knn_accuracy == 1
    # Of three images drawn from 41 the single black one is not one: a single class is left.
    assert evaluate(vae, data, settings(neighbours=1, neighbour_images=3)).knn_accuracy is None
