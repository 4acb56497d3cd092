"""The maximum mean discrepancy: none of equal sets, none in the mean of equal distributions."""

import keras
import numpy as np
import pytest
from passes import made, passed

from pipeline.models.objectives.mean_discrepancy import MeanDiscrepancy, mean_discrepancy


def drawn(number: int, seed: int, mean: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 1, (number, 4)).astype("float32")


def test_equal_sets_have_none() -> None:
    assert float(mean_discrepancy(drawn(100, 0), drawn(100, 0))) == pytest.approx(0, abs=1e-5)


def test_it_is_unbiased_on_two_halves_of_a_sample() -> None:
    halves = [float(mean_discrepancy(drawn(10, 2 * seed), drawn(10, 2 * seed + 1))) for seed in range(500)]
    assert abs(np.mean(halves)) < 3 * np.std(halves) / np.sqrt(500)
    assert min(halves) < 0


def test_it_grows_with_the_distance_of_the_sets() -> None:
    found = [float(mean_discrepancy(drawn(500, 0), drawn(500, 1, mean=mean))) for mean in (0.0, 0.5, 1.0, 2.0)]
    assert found == sorted(found)
    assert found[-1] > 100 * abs(found[0])


def test_the_sum_of_pairs_is_that_of_the_definition() -> None:
    """Gretton et al. 2012, eq. 4, with the kernel C / (C + |a − b|²) and C = 2 · D · s."""
    one, other = drawn(5, 0), drawn(5, 1)

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        squared = float(np.square(a - b).sum())
        return sum(8 * s / (8 * s + squared) for s in (0.1, 0.2, 0.5, 1, 2, 5, 10))

    pairs = [(i, j) for i in range(5) for j in range(5) if i != j]
    terms = [
        kernel(one[i], one[j]) + kernel(other[i], other[j]) - kernel(one[i], other[j]) - kernel(one[j], other[i])
        for i, j in pairs
    ]
    assert float(mean_discrepancy(one, other)) == pytest.approx(np.mean(terms), abs=1e-5)


def test_the_loss_is_the_sum_of_its_parts() -> None:
    objective = made(MeanDiscrepancy, beta=0.25, discrepancy_weight=3.0)
    it = passed(objective, drawn(20, 2), -1.0)
    prior = keras.random.normal((20, 4), seed=keras.random.SeedGenerator(0))
    discrepancy = float(mean_discrepancy(it.latents[0], prior))
    rate = float(np.asarray(it.rates).sum(axis=1).mean())
    assert float(objective.loss(it)) == pytest.approx(10 + 0.25 * rate + 3 * discrepancy, rel=1e-5)
