"""The digits that come with scikit-learn."""

import numpy as np
from sklearn.datasets import load_digits

from pipeline.data.digits import Digits


def test_every_digit_is_in_one_split() -> None:
    published = Digits().read(None)
    assert (len(published.train), len(published.test)) == (1438, 359)
    assert published.train.images.shape[1:] == (8, 8, 1)
    found = np.concatenate([published.train.images, published.test.images]).reshape(1797, 64)
    original = np.rint(load_digits().data * 255 / 16)
    np.testing.assert_array_equal(np.unique(found, axis=0), np.unique(original, axis=0))


def test_a_fifth_of_every_class_is_tested_on() -> None:
    published = Digits().read(None)
    assert np.bincount(published.test.labels).min() >= 35
    assert np.bincount(published.test.labels).max() <= 37


def test_brightness_fills_the_whole_range() -> None:
    values = np.unique(Digits().read(None).train.images)
    assert values.tolist() == np.rint(np.arange(17) * 255 / 16).tolist()


def test_labels_belong_to_their_images() -> None:
    """The mean images of two classes differ more than two means of one class."""
    published = Digits().read(None)
    for part in (published.train, published.test):
        zeros, ones = (part.images[part.labels == digit].mean(axis=0) for digit in (0, 1))
        assert zeros[3:5, 3:5].mean() < 30 < 150 < ones[3:5, 3:5].mean(), "a zero is hollow, a one is not"


def test_it_is_the_same_every_time() -> None:
    first, second = Digits().read(None), Digits().read(None)
    np.testing.assert_array_equal(first.test.images, second.test.images)
