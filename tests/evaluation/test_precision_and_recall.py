"""Precision, recall, density and coverage: closed forms for equal and for disjoint distributions."""

import numpy as np
import pytest

from pipeline.evaluation import inner_products as module
from pipeline.evaluation.precision_and_recall import fidelity_and_diversity


def normal(number: int, seed: int, dimensions: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(number, dimensions)).astype("float32")


@pytest.mark.parametrize("neighbours", [1, 3, 5])
def test_of_one_distribution_density_is_1_and_coverage_has_its_closed_form(neighbours: int) -> None:
    number = 300
    found = [
        fidelity_and_diversity(normal(number, seed), normal(number, 1000 + seed), neighbours=neighbours)
        for seed in range(40)
    ]
    precision, recall, density, coverage = np.array(found).T
    assert density.mean() == pytest.approx(1, abs=4 * density.std() / np.sqrt(40))
    # None of the M others comes before the k-th of the N − 1 own (Naeem et al. 2020, section 3.3), 1 − 2⁻ᵏ for many.
    left = np.prod([(number - each) / (2 * number - each) for each in range(1, neighbours + 1)])
    assert 1 - left == pytest.approx(1 - 0.5**neighbours, abs=0.01)
    assert coverage.mean() == pytest.approx(1 - left, abs=4 * coverage.std() / np.sqrt(40))
    error = np.hypot(precision.std(), recall.std()) / np.sqrt(40)
    assert precision.mean() == pytest.approx(recall.mean(), abs=4 * error)


def test_sets_that_are_apart_have_nothing_in_common() -> None:
    assert fidelity_and_diversity(normal(50, 0), normal(50, 1) + 100, neighbours=5) == (0, 0, 0, 0)


def test_a_few_dense_samples_are_precise_and_cover_little() -> None:
    real = normal(400, 0)
    found = fidelity_and_diversity(real, 0.05 * normal(400, 1), neighbours=5)
    assert found.precision == 1
    assert found.recall < 0.05
    assert found.density > 1.2
    assert found.coverage < 0.1


def test_by_hand() -> None:
    # On a line with k = 1 the real balls reach 1, 1, 3 and 3 far, those of the generated ones 0.5, 0.5 and 9.5.
    real, generated = (np.array(each, "float32")[:, None] for each in ([0, 1, 4, 7], [0.2, 0.7, 10.2]))
    found = fidelity_and_diversity(real, generated, neighbours=1)
    assert found.precision == pytest.approx(2 / 3)  # 10.2 is 3.2 from 7
    assert found.recall == pytest.approx(1)  # 4 and 7 are in the wide ball of 10.2
    assert found.density == pytest.approx((2 + 2) / 3)  # 0.2 and 0.7 are each in the balls of 0 and 1
    assert found.coverage == pytest.approx(2 / 4)


def test_a_ball_contains_its_surface() -> None:
    # On a line with k = 1 the real balls reach 1, 1 and 2 far, those of the generated ones 4 and 4.
    real, generated = (np.array(each, "float32")[:, None] for each in ([0, 1, 3], [5, 9]))
    found = fidelity_and_diversity(real, generated, neighbours=1)
    assert found == (0.5, 2 / 3, 0.5, 1 / 3)  # 5 is 2 from 3 and 4 from 1, and 0 is farther


@pytest.mark.parametrize("neighbours", [1, 5, 40])
def test_of_many_images_it_is_what_the_definition_says(neighbours: int) -> None:
    real, generated = normal(200, 0).astype("float64"), 0.7 * normal(150, 1).astype("float64")

    def radii(of: np.ndarray) -> np.ndarray:
        return np.sort(np.linalg.norm(of[:, None] - of, axis=2), axis=1)[:, neighbours]  # itself is the nearest

    apart = np.linalg.norm(real[:, None] - generated, axis=2)
    in_real, in_generated = apart <= radii(real)[:, None], apart <= radii(generated)
    expected = (
        *(in_real.any(axis=0).mean(), in_generated.any(axis=1).mean()),
        *(in_real.sum() / (neighbours * len(generated)), in_real.any(axis=1).mean()),
    )
    found = fidelity_and_diversity(real.astype("float32"), generated.astype("float32"), neighbours=neighbours)
    assert tuple(found) == pytest.approx(expected, abs=1e-9)


def test_blocks_decide_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    real, generated = normal(61, 0), normal(53, 1)
    at_once = fidelity_and_diversity(real, generated, neighbours=3)
    monkeypatch.setattr(module, "ROWS", 7)
    assert fidelity_and_diversity(real, generated, neighbours=3) == at_once
