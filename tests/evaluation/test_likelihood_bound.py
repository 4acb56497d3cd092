"""The importance-weighted bound: exact where the posterior is, and between −log p(x) and −ELBO everywhere else."""

import numpy as np
import pytest
from linear_gaussian import PIXELS, Exact, data_of, noise_images, settings

from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.likelihood_bound import importance_weighted_nll, log_weights, mean_with_control
from pipeline.latent import encoding as encoded
from pipeline.latent.encoding import encode

EXACT = Exact()
IMAGES = noise_images(60)


def bounds(vae, samples: int, seed: int = 0) -> np.ndarray:
    return importance_weighted_nll(vae, encode(vae, IMAGES), samples, seed)


@pytest.mark.parametrize("samples", [1, 7])
def test_with_the_true_posterior_every_weight_is_the_likelihood(samples: int) -> None:
    weights = log_weights(EXACT.vae(), encode(EXACT.vae(), IMAGES), samples, 0)
    assert weights.shape == (60, samples)
    np.testing.assert_allclose(-weights, np.tile(EXACT.nll(IMAGES)[:, None], samples), rtol=1e-4, atol=1e-3)


def test_with_another_posterior_it_comes_down_to_the_likelihood() -> None:
    vae, exact = EXACT.vae(shift=0.3, widening=2.0), EXACT.nll(IMAGES).mean()
    means = [bounds(vae, samples).mean() for samples in (1, 10, 100, 1000)]
    assert (np.diff(means) < 0).all()
    assert means[0] > exact + 0.1
    assert means[-1] == pytest.approx(exact, abs=0.01)


def test_one_sample_gives_minus_the_elbo_on_average() -> None:
    vae = EXACT.vae(shift=0.3, widening=2.0)
    elbos = [evaluate(vae, data_of(IMAGES), settings(seed=seed, importance_samples=1)).elbo for seed in range(40)]
    sampled = [bounds(vae, 1, seed).mean() for seed in range(40)]
    error = np.hypot(np.std(elbos), np.std(sampled)) / np.sqrt(40)
    assert np.mean(sampled) == pytest.approx(-np.mean(elbos), abs=4 * error)


def test_bound_lies_between_the_likelihood_and_the_elbo() -> None:
    evaluated = evaluate(EXACT.vae(shift=0.3, widening=2.0), data_of(IMAGES), settings(importance_samples=50))
    assert EXACT.nll(IMAGES).mean() < evaluated.nll < -evaluated.elbo
    assert evaluated.nll_standard_error == pytest.approx(EXACT.nll(IMAGES).std() / np.sqrt(60), rel=0.1)
    assert evaluated.bits_per_dimension == pytest.approx(evaluated.nll / (PIXELS * np.log(2)) + 8)


def test_some_images_tell_the_bound_of_all_within_the_standard_error() -> None:
    # Half of the images are bright, far from what the model knows: they alone decide the spread.
    images = noise_images(600)
    images[::2] //= 2
    vae = Exact(scale=0.1).vae(shift=0.1, widening=1.5)
    all_of_them = evaluate(vae, data_of(images), settings(importance_samples=50))
    some = evaluate(vae, data_of(images), settings(importance_samples=50, nll_images=60))
    assert some.nll == pytest.approx(all_of_them.nll, abs=some.nll_standard_error)
    # Sixty images by themselves would leave open √10 times as much as all.
    assert all_of_them.nll_standard_error < some.nll_standard_error < 1.2 * all_of_them.nll_standard_error


def test_control_of_all_images_changes_nothing() -> None:
    values, control = np.random.default_rng(0).normal(size=(2, 50))
    order = np.random.default_rng(1).permutation(50)
    mean, error = mean_with_control(values[order], control, order)
    assert mean == pytest.approx(values.mean())
    assert error == pytest.approx(values.std(ddof=1) / np.sqrt(50))


@pytest.mark.parametrize("constant", [0.0, 1.0, 90.123, -1e7 / 3])
def test_control_that_is_constant_changes_nothing(constant: float) -> None:
    values, chosen = np.arange(10.0), np.arange(10)
    mean, error = mean_with_control(values, np.full(1000, constant), chosen)
    assert mean == 4.5
    assert error == pytest.approx(values.std(ddof=1) / np.sqrt(10), rel=0.1)


@pytest.mark.parametrize("slope", [1.0, 0.0, -2.0])
def test_standard_error_is_the_spread_of_the_means(slope: float) -> None:
    rng = np.random.default_rng(0)
    means, errors = [], []
    for _ in range(2000):
        control = rng.normal(100, 10, 200)
        values = slope * control + rng.normal(-3, 4, 200)
        chosen = rng.permutation(200)[:50]
        mean, error = mean_with_control(values[chosen], control, chosen)
        means.append(mean)
        errors.append(error)
    assert np.mean(means) == pytest.approx(100 * slope - 3, abs=4 * np.std(means) / np.sqrt(2000))
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(np.std(means), rel=0.06)


def test_one_image_leaves_the_error_open() -> None:
    evaluated = evaluate(EXACT.vae(), data_of(IMAGES[:1]), settings())
    assert evaluated.nll == pytest.approx(EXACT.nll(IMAGES[:1]).item(), abs=1e-3)
    assert evaluated.nll_standard_error == np.inf
    assert "test/nll_standard_error" not in evaluated.metrics("test")


@pytest.mark.parametrize(("number", "is_known"), [(1, False), (2, False), (3, True)])
def test_error_of_a_line_needs_three_points(number: int, is_known: bool) -> None:
    control = np.random.default_rng(0).normal(size=9)
    some = np.random.default_rng(1).normal(size=number)
    assert np.isfinite(mean_with_control(some, control, np.arange(number))[1]) == is_known


def test_batches_decide_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    vae = EXACT.vae(shift=0.3, widening=2.0)
    at_once = bounds(vae, 9)
    monkeypatch.setattr(encoded, "BATCH_VALUES", 7 * PIXELS)
    assert max(part.stop - part.start for part in encoded.batches(60, (3, 2, 3))) == 7
    np.testing.assert_allclose(bounds(vae, 9), at_once, rtol=1e-5)


def test_images_larger_than_a_batch_come_one_by_one() -> None:
    assert encoded.batches(2, (1000, 1000, 3)) == [slice(0, 1), slice(1, 2)]
