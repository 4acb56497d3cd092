"""Mutual information and what the rate has beside it: closed forms of Gaussian aggregated posteriors."""

import numpy as np
import pytest
from linear_gaussian import data_of, linear_vae, noise_images, settings

from pipeline.data.image_rows import ImageRows
from pipeline.evaluation import information
from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.information import mutual_information
from pipeline.latent.encoding import Encoded


def encoded_at(mean: np.ndarray, log_variance: float) -> Encoded:
    """Posteriors of no images in particular."""
    mean = np.asarray(mean, float)
    return Encoded(
        ImageRows(np.zeros((len(mean), 1, 1, 1), np.uint8)), mean, np.full_like(mean, log_variance), np.zeros_like(mean)
    )


def noise_like(encoded: Encoded, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(encoded.mean.shape)


def test_posteriors_that_are_all_alike_tell_nothing() -> None:
    alike = encoded_at(np.full((500, 3), 1.7), -2.0)
    assert mutual_information(alike, noise_like(alike)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("log_variance", [0.0, -30.0, -80.0])
def test_posteriors_that_are_all_apart_tell_which_image_it_is(log_variance: float) -> None:
    apart = encoded_at(1e4 * np.arange(500)[:, None] * [1, -1], log_variance)
    assert mutual_information(apart, noise_like(apart)) == pytest.approx(np.log(500), abs=1e-12)


def test_pairs_of_equal_images_halve_what_can_be_told() -> None:
    pairs = encoded_at(100.0 * (np.arange(500) // 2)[:, None], -1.0)
    assert mutual_information(pairs, noise_like(pairs)) == pytest.approx(np.log(250), abs=1e-6)


def test_means_of_a_normal_distribution_give_its_closed_form() -> None:
    spread, variance = np.array([2.0, 0.5]), np.exp(-1.0)
    normal = encoded_at(np.random.default_rng(99).normal(size=(4000, 2)) * spread, -1.0)
    exact = 0.5 * np.log1p(spread**2 / variance).sum()
    estimates = [mutual_information(normal, noise_like(normal, seed)) for seed in range(5)]
    assert np.mean(estimates) == pytest.approx(exact, abs=0.04)


def test_memory_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    normal = encoded_at(np.random.default_rng(99).normal(size=(300, 2)), -1.0)
    at_once = mutual_information(normal, noise_like(normal))
    monkeypatch.setattr(information, "PAIRS", 7 * 300)
    assert mutual_information(normal, noise_like(normal)) == pytest.approx(at_once, rel=1e-12)


def normal_images(number: int) -> np.ndarray:
    """One pixel each, normally distributed with a standard deviation of 40 levels around 128."""
    drawn = np.random.default_rng(0).normal(128, 40, (number, 1, 1, 1))
    return np.clip(np.rint(drawn), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("stretch", [1.0, 2.0])
def test_rate_falls_into_information_and_the_distance_of_the_aggregate_from_the_prior(stretch: float) -> None:
    # mean ~ N(0, spread²), so that the aggregate is N(0, spread² + variance); at stretch 1 that is the prior.
    variance, spread = 0.2, stretch * np.sqrt(0.8)
    factor = spread * 255 / 40
    vae = linear_vae(encoder=[[factor]], mean_bias=-factor * 128 / 255, log_variance=np.log(variance), shape=(1, 1, 1))
    evaluated = evaluate(vae, data_of(normal_images(4000)), settings(importance_samples=1))
    aggregate = spread**2 + variance
    assert evaluated.mutual_information == pytest.approx(0.5 * np.log(aggregate / variance), abs=0.03)
    assert evaluated.marginal_kl == pytest.approx(0.5 * (aggregate - 1 - np.log(aggregate)), abs=0.06)
    assert evaluated.mutual_information + evaluated.marginal_kl == pytest.approx(evaluated.rate, rel=1e-12)


def test_some_images_bound_what_is_found() -> None:
    vae = linear_vae(encoder=1e5 * np.eye(18)[:, :2], log_variance=-20.0)
    evaluated = evaluate(vae, data_of(noise_images(300)), settings(information_images=50))
    assert evaluated.mutual_information == pytest.approx(np.log(50), abs=0.1)
