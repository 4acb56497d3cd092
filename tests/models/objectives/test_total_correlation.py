"""The parts of the rate: they sum to it, and the total correlation is that of a Gaussian where it is known."""

import numpy as np
import pytest
from passes import made, passed
from scipy.stats import norm

from pipeline.models.objectives.total_correlation import TotalCorrelation, rate_parts
from pipeline.models.posterior import Posterior

VARIANCE = 0.05


def estimated(correlation: float, batch: int = 1000, draws: int = 20) -> np.ndarray:
    """The parts, nats, [3], where the aggregate posterior is a Gaussian of unit variances with this correlation."""
    rng = np.random.default_rng(0)
    covariance = np.array([[1, correlation], [correlation, 1]]) - VARIANCE * np.eye(2)
    parts = []
    for _ in range(draws):
        mean = rng.multivariate_normal([0, 0], covariance, batch).astype("float32")
        posterior = Posterior(mean, np.full_like(mean, np.log(VARIANCE)))
        latents = (mean + np.sqrt(VARIANCE) * rng.standard_normal(mean.shape)).astype("float32")
        parts.append([float(part) for part in rate_parts(posterior, latents, 50_000)])
    return np.mean(parts, axis=0)


@pytest.mark.parametrize("correlation", [0.0, 0.6, 0.9])
def test_the_total_correlation_of_a_gaussian_is_found(correlation: float) -> None:
    """It is −log(1 − r²) / 2; the dimensions are as the prior, so that the rest of the rate is information."""
    _, total_correlation, dimensionwise = estimated(correlation)
    assert total_correlation == pytest.approx(-0.5 * np.log(1 - correlation**2), abs=0.05)
    assert dimensionwise == pytest.approx(0, abs=0.05)


def test_the_parts_sum_to_the_rate() -> None:
    """The rate of these posteriors is known in closed form; the estimate is of one latent for each image."""
    rng = np.random.default_rng(1)
    mean = rng.normal(0.3, 1.2, (4000, 3)).astype("float32")
    posterior = Posterior(mean, np.full_like(mean, -2.0))
    noise = rng.standard_normal(mean.shape)
    latents = (mean + np.exp(-1) * noise).astype("float32")
    total = sum(float(part) for part in rate_parts(posterior, latents, 4000))
    rates = np.asarray(posterior.rates()).sum(axis=1)
    sampled = 0.5 * (np.square(latents) - np.square(noise) + 2).sum(axis=1)
    assert total == pytest.approx(sampled.mean(), abs=1e-3)
    assert total == pytest.approx(rates.mean(), abs=4 * sampled.std() / np.sqrt(4000))


@pytest.mark.parametrize(("batch", "population"), [(2, 9), (3, 3), (4, 10)])
def test_the_aggregate_posterior_is_estimated_by_stratified_sampling(batch: int, population: int) -> None:
    """Of each latent its own posterior counts as one image, the next one as those that no batch has with it."""
    generator = np.random.default_rng(4)
    mean, log_variance, noise = generator.normal(size=(3, batch, 2))
    latents = mean + np.exp(0.5 * log_variance) * noise
    others = batch - 1
    shares = np.full((batch, batch), 1 / others)
    for at in range(batch):
        shares[at, at] = 1 / population
        shares[at, (at + 1) % batch] = (population - others) / (population * others)
    densities = norm.pdf(latents[:, None], mean, np.exp(0.5 * log_variance))  # [latent, posterior, dimension]
    own = np.log([densities[at, at].prod() for at in range(batch)])
    aggregate = np.log((shares * densities.prod(axis=2)).sum(axis=1))
    marginals = np.log((shares[..., None] * densities).sum(axis=1)).sum(axis=1)
    prior = norm.logpdf(latents).sum(axis=1)
    expected = [(own - aggregate).mean(), (aggregate - marginals).mean(), (marginals - prior).mean()]
    posterior = Posterior(np.float32(mean), np.float32(log_variance))
    found = [float(part) for part in rate_parts(posterior, np.float32(latents), population)]
    assert found == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("batch", "population"), [(1, 1), (1, 100), (2, 2), (7, 7), (32, 1000)])
def test_any_batch_of_any_population_has_finite_parts(batch: int, population: int) -> None:
    mean = np.random.default_rng(2).normal(size=(batch, 4)).astype("float32")
    parts = rate_parts(Posterior(mean, np.zeros_like(mean)), mean, population)
    assert np.isfinite([float(part) for part in parts]).all()


def test_with_all_weights_at_one_it_is_the_elbo_with_a_sampled_rate() -> None:
    plain = made(TotalCorrelation, beta=1.0, information_weight=1.0, dimensionwise_weight=1.0)
    heavy = made(TotalCorrelation, beta=5.0, information_weight=1.0, dimensionwise_weight=1.0)
    it = passed(plain, np.random.default_rng(3).normal(size=(50, 2)), -1.0)
    sampled = np.asarray(it.posterior.log_ratios(it.latents))[0].mean()
    assert float(plain.loss(it)) == pytest.approx(10 + sampled, abs=1e-4)
    total_correlation = float(rate_parts(it.posterior, it.latents[0], 50).total_correlation)
    more = float(heavy.loss(it._replace(weights=heavy.weights))) - float(plain.loss(it))
    assert more == pytest.approx(4 * total_correlation, abs=1e-4)
