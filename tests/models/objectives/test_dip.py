"""The penalty of DIP-VAE: none at a covariance that is the identity."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from passes import made, passed

from pipeline.errors import InputError
from pipeline.models.objectives.dip import DisentangledInferredPrior, covariance_of
from pipeline.models.objectives.weighted_elbo import weighted_elbo
from pipeline.models.posterior import Posterior
from pipeline.runs.setup import Setup

CORNERS = np.array(list(product([-1.0, 1.0], repeat=3)))
"""Means whose covariance is the identity."""


def penalty(mean: np.ndarray, variance: float, *, of_latents: bool) -> float:
    objective = made(DisentangledInferredPrior, beta=1.0, off_diagonal=2.0, diagonal=5.0, of_latents=of_latents)
    it = passed(objective, mean, np.log(variance))
    return float(objective.loss(it)) - float(weighted_elbo(it))


def test_there_is_none_at_the_identity() -> None:
    assert penalty(CORNERS, 0.3, of_latents=False) == pytest.approx(0, abs=1e-4)
    assert penalty(np.sqrt(0.7) * CORNERS, 0.3, of_latents=True) == pytest.approx(0, abs=1e-4)


def test_a_batch_of_no_more_images_than_dimensions_has_none() -> None:
    assert penalty(3 * CORNERS[:3], 0.5, of_latents=False) == 0
    assert penalty(3 * CORNERS[:4], 0.5, of_latents=False) > 0


def test_a_training_whose_batches_are_too_small_is_refused(composed) -> None:
    """It would be that of a plain VAE under another name."""
    too_few = r"model.latent_dim=32: DIP .* batches of 32 images are too small; .* Raise training.batch_size, or lower"
    setup = Setup.from_config(composed("objective=dip_i", "model.latent_dim=32", "training.batch_size=32"))
    data = setup.dataset.load()
    with pytest.raises(InputError, match=too_few):
        setup.model_for(data)
    setup = Setup.from_config(composed("objective=dip_i", "model.latent_dim=32", "training.batch_size=33"))
    assert setup.model_for(data).latent_dim == 32
    few = replace(data, train=data.train.take(np.arange(32)))
    with pytest.raises(InputError, match=too_few):
        setup.model_for(few)


def test_it_is_the_weighted_squared_distance_from_the_identity() -> None:
    """The covariance of [x, x] is [[1, 1], [1, 1]]: two covariances of 1; at twice the size variances of 4, too."""
    line = np.array([[-1.0, -1.0], [1.0, 1.0]] * 2)
    assert penalty(line, 0.5, of_latents=False) == pytest.approx(2 * 2, rel=1e-4)
    assert penalty(2 * line, 0.5, of_latents=False) == pytest.approx(2 * 2 * 16 + 5 * 2 * 9, rel=1e-4)
    assert penalty(line, 0.5, of_latents=True) == pytest.approx(2 * 2 + 5 * 2 * 0.25, rel=1e-4)


def test_the_covariance_is_that_of_the_latents() -> None:
    rng = np.random.default_rng(0)
    mean, log_variance = rng.normal(size=(2, 5, 3)).astype("float32")
    found = np.asarray(covariance_of(Posterior(mean, log_variance), of_latents=True))
    drawn = mean + np.exp(0.5 * log_variance) * rng.standard_normal((200_000, 5, 3))
    np.testing.assert_allclose(found, np.cov(drawn.reshape(-1, 3).T, bias=True), atol=0.02)
