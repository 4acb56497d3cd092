"""The rate and the samples of a Gaussian posterior, against closed forms in float64."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import norm

from pipeline.models.posterior import Posterior, SoftplusScale

EXTREMES = np.float32([0, 1e-45, 1e-38, 1e-3, 1, 15, 88, 89, 1e4, 1e19, 1e30, 3e38])
EXTREMES = np.concatenate([-EXTREMES[::-1], EXTREMES])


def rates(mean, log_variance) -> np.ndarray:
    return Posterior(np.float32(mean), np.float32(log_variance)).rates().numpy()


def closed_form(mean, log_variance) -> np.ndarray:
    mean, log_variance = np.float64(mean), np.float64(log_variance)
    return 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance)


def test_rate_is_zero_at_the_prior_and_positive_elsewhere() -> None:
    assert np.array_equal(rates(np.zeros((3, 2)), np.zeros((3, 2))), np.zeros((3, 2)))
    assert (rates([[0.01, -0.01, 0, 0]], [[0, 0, 0.01, -0.01]]) > 0).all()


def test_rate_is_the_closed_form() -> None:
    mean, log_variance = np.float32(np.random.default_rng(0).normal(0, 3, (2, 50, 4)))
    np.testing.assert_allclose(rates(mean, log_variance), closed_form(mean, log_variance), rtol=1e-5)


def test_rate_is_right_to_float32_where_the_variance_is_close_to_one() -> None:
    log_variance = np.linspace(-0.05, 0.05, 1001).astype("float32")[:, None]
    exact = 0.5 * (np.expm1(np.float64(log_variance)) - np.float64(log_variance))
    np.testing.assert_allclose(rates(np.zeros_like(log_variance), log_variance), exact, rtol=0, atol=1.2e-7)


@pytest.mark.parametrize(("mean", "log_variance"), [(0.0, 0.0), (1.5, -1.0), (-0.5, 1.0), (2.0, -4.0)])
def test_rate_is_the_expected_log_ratio_of_posterior_and_prior(mean: float, log_variance: float) -> None:
    posterior = Posterior(np.full((200_000, 1), mean, "float32"), np.full((200_000, 1), log_variance, "float32"))
    z = np.float64(posterior.sample(keras.random.SeedGenerator(0))[0])
    log_ratio = -0.5 * ((z - mean) ** 2 / np.exp(log_variance) + log_variance) + 0.5 * z**2
    error = log_ratio.std() / np.sqrt(len(z))
    assert abs(log_ratio.mean() - rates([[mean]], [[log_variance]]).item()) <= 4 * error + 1e-6


def test_log_ratios_are_those_of_the_two_densities() -> None:
    generator = np.random.default_rng(0)
    mean, log_variance = np.float32(generator.normal(size=(2, 5, 3)))
    latents = np.float32(generator.normal(size=(4, 5, 3)))
    of_posterior = norm.logpdf(latents, mean, np.exp(0.5 * np.float64(log_variance))).sum(axis=-1)
    found = Posterior(mean, log_variance).log_ratios(latents)
    np.testing.assert_allclose(found, of_posterior - norm.logpdf(latents).sum(axis=-1), rtol=1e-4, atol=1e-4)


def test_samples_have_the_posteriors_mean_and_variance() -> None:
    number, mean, log_variance = 100_000, np.float32([1, -2]), np.float32([-2, 1])
    posterior = Posterior(np.tile(mean, (number, 1)), np.tile(log_variance, (number, 1)))
    z = np.float64(posterior.sample(keras.random.SeedGenerator(1))[0])
    variance = np.exp(log_variance)
    assert (np.abs(z.mean(0) - mean) < 4 * np.sqrt(variance / number)).all()
    assert (np.abs(z.var(0) - variance) < 4 * variance * np.sqrt(2 / number)).all()
    assert abs(np.corrcoef(z.T)[0, 1]) < 4 / np.sqrt(number)


def test_equal_seeds_draw_equal_latents_and_every_draw_is_new() -> None:
    posterior = Posterior(np.zeros((4, 3), "float32"), np.zeros((4, 3), "float32"))
    one, same, other = (keras.random.SeedGenerator(seed) for seed in (0, 0, 1))
    first = posterior.sample(one).numpy()
    assert np.array_equal(first, posterior.sample(same))
    assert not np.array_equal(first, posterior.sample(one))
    assert not np.array_equal(first, posterior.sample(other))


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_no_posterior_gives_a_rate_or_gradient_that_is_no_number(weight: float) -> None:
    """Up to where twice the mean, the gradient of its square, is beyond float32."""
    means = np.clip(EXTREMES, -1e38, 1e38)
    mean, log_variance = (tf.Variable(part) for part in np.meshgrid(means, EXTREMES))
    with tf.GradientTape() as tape:
        rate = Posterior(mean, log_variance).rates()
        weighed = weight * tf.minimum(rate, 3e38)
    assert not np.isnan(rate).any()
    assert not np.isnan(tape.gradient(weighed, [mean, log_variance])).any()


def test_rate_grows_with_the_variance_to_the_end() -> None:
    values = rates(np.zeros((6, 1)), [[0], [79.9], [80.1], [100], [1000], [5000]]).ravel()
    assert np.isfinite(values).all()
    assert (np.diff(values) > 0).all()


def test_rate_is_computed_in_float32_whatever_the_network_gives() -> None:
    half = Posterior(tf.constant([[1.0]], tf.bfloat16), tf.constant([[0.5]], tf.bfloat16)).rates()
    assert half.dtype == tf.float32
    assert half.numpy().item() == pytest.approx(closed_form(1, 0.5), rel=1e-6)


def test_softplus_scale_is_the_log_variance_of_a_softplus() -> None:
    raw = np.linspace(-100, 100, 2001).astype("float32")
    exact = 2 * np.log(np.log1p(np.exp(np.float64(raw))))
    np.testing.assert_allclose(SoftplusScale()(raw), exact, rtol=2e-6, atol=2e-6)


def test_softplus_scale_has_the_exact_gradient_everywhere() -> None:
    raw = tf.Variable(np.concatenate([np.linspace(-80, 80, 321).astype("float32"), EXTREMES]))
    with tf.GradientTape() as tape:
        log_variance = SoftplusScale()(raw)
    slope = tape.gradient(log_variance, raw).numpy()
    x = np.clip(np.float64(raw), -500, 500)
    exact = 2 / (1 + np.exp(-x)) / np.logaddexp(0, x)
    assert np.isfinite(slope).all()
    np.testing.assert_allclose(slope[:321], exact[:321], rtol=1e-4)
