"""A density for samples, fitted to however few images there are."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipeline.latent.mixture import drawn_latents, fitted_mixture


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
