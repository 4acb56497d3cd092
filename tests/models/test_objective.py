"""The loss as the weighted sum of its parts."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipeline.config.build import build
from pipeline.models.objective import Objective

RATES = np.float32([[0.1, 2.0, 0.0], [0.3, 4.0, 0.2]])
DISTORTION = np.float32([10.0, 30.0])


def objective(**changed) -> Objective:
    plain = {"beta": 1.0, "distortion_weight": 1.0, "warmup_epochs": 0, "free_bits": 0.0, "sampling": True}
    return Objective(**plain | changed)


@pytest.mark.parametrize(("beta", "weight"), [(1, 1), (4, 1), (1, 0.5), (0, 1), (2, 0)])
def test_loss_is_the_weighted_sum_of_the_mean_parts(beta: float, weight: float) -> None:
    loss = objective(beta=9.0, distortion_weight=weight).loss(RATES, DISTORTION, beta)
    assert float(loss) == pytest.approx(weight * 20 + beta * 3.3, rel=1e-6)


@pytest.mark.parametrize("free_bits", [0.0, 0.15, 0.5, 10.0])
def test_free_bits_lift_each_dimensions_mean_rate_to_a_floor(free_bits: float) -> None:
    loss = objective(free_bits=free_bits).loss(RATES, DISTORTION, 2.0)
    assert float(loss) == pytest.approx(20 + 2 * sum(max(rate, free_bits) for rate in (0.2, 3.0, 0.1)), rel=1e-6)


def test_nothing_pulls_at_a_rate_below_the_free_bits() -> None:
    rates = tf.Variable(RATES)
    with tf.GradientTape() as tape:
        loss = objective(free_bits=0.15).loss(rates, DISTORTION, 1.0)
    np.testing.assert_allclose(tape.gradient(loss, rates), [[0.5, 0.5, 0], [0.5, 0.5, 0]])


def test_beta_rises_from_zero_in_equal_steps_and_stays() -> None:
    rising = objective(beta=4.0, warmup_epochs=4)
    assert [rising.beta_at(epoch) for epoch in range(6)] == [0, 1, 2, 3, 4, 4]


def test_without_warmup_beta_is_there_from_the_start() -> None:
    assert [objective(beta=3.0).beta_at(epoch) for epoch in (0, 1, 99)] == [3, 3, 3]


def test_a_part_without_weight_costs_nothing_whatever_its_value() -> None:
    """An autoencoder's log variance is tied to nothing; that its rate overflows must not end the training."""
    endless = np.float32([[np.inf, 1.0]])
    assert float(objective().loss(endless, DISTORTION, 0.0)) == 20
    assert float(objective(distortion_weight=0.0).loss(RATES, np.float32([np.inf]), 1.0)) == pytest.approx(3.3)
    assert np.isinf(objective().loss(endless, DISTORTION, 1e-9))


def test_autoencoder_has_neither_noise_nor_rate(composed) -> None:
    autoencoder = build(composed("objective=autoencoder")["objective"], "objective")
    assert autoencoder == objective(beta=0.0, sampling=False)


def test_kl_only_has_no_distortion(composed) -> None:
    assert build(composed("objective=kl_only")["objective"], "objective") == objective(distortion_weight=0.0)


def test_default_is_the_negative_elbo(composed) -> None:
    assert build(composed()["objective"], "objective") == objective()


def test_serialisation_keeps_every_setting() -> None:
    unusual = Objective(beta=0.5, distortion_weight=784.0, warmup_epochs=3, free_bits=0.25, sampling=False)
    stored = keras.saving.serialize_keras_object(unusual)
    assert keras.saving.deserialize_keras_object(stored) == unusual
