"""Why a score that was asked for is not there."""

from dataclasses import replace

import numpy as np
import pytest
from linear_gaussian import data_of, noise_images

from pipeline.data.factors import Factor
from pipeline.evaluation.scores import CATALOGUE
from pipeline.runs.evaluate import why_absent

IMAGES = data_of(noise_images(9), np.zeros(9, np.int64))


@pytest.mark.parametrize(
    ("score", "sampling", "class_names", "has_factors", "reason"),
    [
        ("nll", False, (), False, "the latents of an autoencoder have no noise, so that it has no likelihood"),
        ("nll", True, (), False, "the images are too few, or the numbers of this model are not finite"),
        ("knn_accuracy", True, ("a", "b"), False, "its encoder is told the class"),
        ("knn_accuracy", True, (), False, "its images have one class"),
        ("mig", True, (), False, "its images have no known factors"),
        (
            "mig",
            True,
            (),
            True,
            "there are too few images of each value of a factor, or its encoder is told the factor",
        ),
        ("kid", False, (), False, "the images are too few, or the numbers of this model are not finite"),
    ],
)
def test_it_is_said_why_a_score_is_absent(
    small_vae, score: str, sampling: bool, class_names: tuple[str, ...], has_factors: bool, reason: str
) -> None:
    vae = small_vae(sampling=sampling, class_names=class_names)
    data = replace(IMAGES, factors=(Factor("size", 2),)) if has_factors else IMAGES
    assert why_absent(CATALOGUE[score], vae, data).startswith(reason)
