"""The kernel distance: what its definition says, and nothing where both sets are of one distribution."""

import numpy as np
import pytest

from pipeline.evaluation import inner_products as module
from pipeline.evaluation.kernel_distance import kernel_distance


def normal(number: int, dimensions: int = 8, seed: int = 0, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1, (number, dimensions)).astype("float32")


def by_definition(x: np.ndarray, y: np.ndarray) -> float:
    """Gretton et al. 2012, eq. 4, with the kernel of Bińkowski et al. 2018, pair by pair."""

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / len(a) + 1) ** 3)

    pairs = [(i, j) for i in range(len(x)) for j in range(len(x)) if i != j]
    terms = [kernel(x[i], x[j]) + kernel(y[i], y[j]) - kernel(x[i], y[j]) - kernel(x[j], y[i]) for i, j in pairs]
    return float(np.mean(terms))


def test_it_is_the_mean_over_all_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = normal(23), normal(23, seed=1, shift=0.4)
    at_once = kernel_distance(x, y)
    assert at_once[0] == pytest.approx(by_definition(x, y), rel=1e-5)
    monkeypatch.setattr(module, "ROWS", 7)
    assert kernel_distance(x, y) == pytest.approx(at_once, rel=1e-5)


def test_the_expectation_has_a_closed_form_in_one_dimension() -> None:
    # Of N(μ, 1) and N(0, 1): E (xy + 1)³ has the moments of both; those of N(μ, 1) are μ, μ² + 1, μ³ + 3μ.
    mean = 0.7

    def expected(first: list[float], second: list[float]) -> float:
        return 1 + sum(weight * a * b for weight, a, b in zip((3, 3, 1), first, second, strict=True))

    moved, plain = [mean, mean**2 + 1, mean**3 + 3 * mean], [0.0, 1.0, 0.0]
    truth = expected(moved, moved) + expected(plain, plain) - 2 * expected(moved, plain)
    distance, error = kernel_distance(normal(4000, 1, shift=mean), normal(4000, 1, seed=1))
    assert distance == pytest.approx(truth, abs=4 * error)
    assert error < 0.1 * truth


def test_halves_of_one_set_are_no_distance_apart_within_the_standard_error() -> None:
    found = [kernel_distance(*np.split(normal(400, seed=seed), 2)) for seed in range(200)]
    distances, errors = np.array(found).T
    assert abs(distances.mean()) < 4 * distances.std() / np.sqrt(200)
    assert (distances < 0).mean() > 0.2, "an estimate without bias is below 0, too"
    # Where there is no difference, the jackknife exceeds the spread by up to √2.
    assert 1 < np.sqrt(np.square(errors).mean()) / distances.std() < 1.6


def test_the_standard_error_is_the_spread_where_there_is_a_difference() -> None:
    found = [kernel_distance(normal(200, seed=seed, shift=0.5), normal(200, seed=seed + 1000)) for seed in range(200)]
    distances, errors = np.array(found).T
    assert np.sqrt(np.square(errors).mean()) == pytest.approx(distances.std(), rel=0.2)


def test_the_standard_error_is_that_of_the_jackknife() -> None:
    x, y = normal(9), normal(9, seed=1, shift=0.4)
    without = np.array([by_definition(np.delete(x, i, 0), np.delete(y, i, 0)) for i in range(9)])
    expected = np.sqrt(8 / 9 * np.square(without - without.mean()).sum())  # Arvesen 1969
    assert kernel_distance(x, y)[1] == pytest.approx(expected, rel=1e-4)
