"""The loss as the weighted sum of its parts."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from passes import made

from pipeline.config.build import build
from pipeline.models.objectives.objective import Pass
from pipeline.models.objectives.weighted_elbo import WeightedElbo, weighted_elbo

RATES = np.float32([[0.1, 2.0, 0.0], [0.3, 4.0, 0.2]])
DISTORTION = np.float32([10.0, 30.0])


def objective(**changed: Any) -> WeightedElbo:
    return made(WeightedElbo, **{"beta": 1.0, "distortion_weight": 1.0, "free_bits": 0.0, "sampling": True} | changed)


def loss(rates: Any = RATES, distortion: Any = DISTORTION, beta: float = 1.0, **changed: Any) -> Any:
    of = objective(**changed)
    latents = np.zeros((1, 2, 3), np.float32)
    weights = of.weights | {"beta": beta}
    return of.loss(Pass(None, latents, np.asarray(distortion)[None], rates, weights, 2, None, None))


@pytest.mark.parametrize(("beta", "weight"), [(1, 1), (4, 1), (1, 0.5), (0, 1), (2, 0)])
def test_loss_is_the_weighted_sum_of_the_mean_parts(beta: float, weight: float) -> None:
    found = float(loss(beta=beta, distortion_weight=weight))
    assert found == pytest.approx(weight * 20 + beta * 3.3, rel=1e-6)


def test_an_objective_with_beta_alone_has_the_whole_distortion_and_no_free_bits() -> None:
    it = Pass(None, np.zeros((1, 2, 3), np.float32), DISTORTION[None], RATES, {"beta": 2.0}, 2, None, None)
    assert float(weighted_elbo(it)) == pytest.approx(20 + 2 * 3.3, rel=1e-6)


@pytest.mark.parametrize("free_bits", [0.0, 0.15, 0.5, 10.0])
def test_free_bits_lift_each_dimensions_mean_rate_to_a_floor(free_bits: float) -> None:
    found = float(loss(beta=2.0, free_bits=free_bits))
    assert found == pytest.approx(20 + 2 * sum(max(rate, free_bits) for rate in (0.2, 3.0, 0.1)), rel=1e-6)


def test_nothing_pulls_at_a_rate_below_the_free_bits() -> None:
    rates = tf.Variable(RATES)
    with tf.GradientTape() as tape:
        found = loss(rates, free_bits=0.15)
    np.testing.assert_allclose(tape.gradient(found, rates), [[0.5, 0.5, 0], [0.5, 0.5, 0]])


def test_a_part_without_weight_costs_nothing_whatever_its_value() -> None:
    """An autoencoder's log variance is tied to nothing; that its rate overflows must not end the training."""
    endless = np.float32([[np.inf, 1.0]])
    assert float(loss(endless, beta=0.0)) == 20
    assert float(loss(distortion=np.float32([np.inf]), distortion_weight=0.0)) == pytest.approx(3.3)
    assert np.isinf(loss(endless, beta=1e-9))


def test_autoencoder_has_neither_noise_nor_rate(composed) -> None:
    autoencoder = build(composed("objective=autoencoder")["objective"], "objective")
    assert autoencoder == objective(beta=0.0, sampling=False)


def test_kl_only_has_no_distortion(composed) -> None:
    assert build(composed("objective=kl_only")["objective"], "objective") == objective(distortion_weight=0.0)


def test_default_is_the_negative_elbo(composed) -> None:
    assert build(composed()["objective"], "objective") == objective()
