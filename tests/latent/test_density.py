"""A density for samples, fitted to however few images there are."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from linear_gaussian import linear_vae

from pipeline.data.images import ImageData, Split
from pipeline.latent.mixture import drawn_latents, fitted_mixture, training_mixture


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("number", [1, 2, 3, 25])
@pytest.mark.parametrize("equal", [False, True])
def test_any_number_of_images_will_do(
    small_vae: Callable[..., Any], blobs: Callable[..., np.ndarray], number: int, equal: bool
) -> None:
    images = np.repeat(blobs(1), number, axis=0) if equal else blobs(number)
    for sampling in (True, False):
        mixture = fitted_mixture(small_vae(sampling=sampling), images, components=10, seed=0)
        assert np.isfinite(drawn_latents(mixture, 50, 0)).all()


def test_all_classes_of_images_that_are_sorted_by_class_have_a_part() -> None:
    """Two classes, black and white, whose latents are far apart: half of the mixture is of either."""
    images = np.repeat(np.uint8([0, 255]), 300)[:, None, None, None] + np.zeros((600, 1, 1, 1), np.uint8)
    sorted_by_class = Split(images, np.repeat([0, 1], 300))
    data = ImageData("sorted", sorted_by_class, sorted_by_class, sorted_by_class, ("black", "white"))
    vae = linear_vae(encoder=[[10.0]], shape=(1, 1, 1), log_variance=-5.0)
    means = training_mixture(vae, data, components=2, seed=0, images=100).means_
    np.testing.assert_allclose(np.sort(means[:, 0]), [0, 10], atol=0.1)
    of_white = training_mixture(vae, data, 1, components=1, seed=0, images=100).means_
    np.testing.assert_allclose(of_white, [[10]], atol=0.1)
