"""The penalties of regularised autoencoders in closed form, of a decoder that is linear."""

import keras
import numpy as np
import pytest
from passes import made, passed

from pipeline.models.objectives.regularised import Regularised, gradient_penalty, weight_penalty


def linear_decoder() -> tuple[keras.Model, np.ndarray]:
    """A decoder whose outputs are z W, and W [3, 4]."""
    kernel = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    latent = keras.Input((3,))
    flat = keras.layers.Dense(4, use_bias=False, kernel_initializer=keras.initializers.Constant(kernel))(latent)
    return keras.Model(latent, keras.layers.Reshape((2, 2, 1))(flat)), kernel


def test_the_penalty_of_weights_is_half_their_squared_norm() -> None:
    decoder, kernel = linear_decoder()
    assert float(weight_penalty(decoder)) == pytest.approx(0.5 * np.square(kernel).sum(), rel=1e-6)


def test_the_penalty_of_derivatives_is_half_the_squared_norm_of_the_jacobian_in_the_mean() -> None:
    decoder, kernel = linear_decoder()
    objective = made(Regularised, beta=0.0, decoder_weight=1.0, penalty="gradient")
    it = passed(objective, np.zeros((1000, 3)), decoder=decoder)
    found = [float(gradient_penalty(it)) for _ in range(20)]
    assert np.mean(found) == pytest.approx(0.5 * np.square(kernel).sum(), rel=0.03)


def test_the_loss_is_the_sum_of_its_parts() -> None:
    decoder, kernel = linear_decoder()
    objective = made(Regularised, beta=0.3, decoder_weight=0.7, penalty="weights")
    assert not objective.sampling
    latents = np.random.default_rng(1).normal(size=(1, 5, 3)).astype("float32")
    it = passed(objective, latents[0], latents=latents, decoder=decoder)
    size = 0.5 * np.square(latents).sum(axis=2).mean()
    expected = 10 + 0.3 * size + 0.7 * 0.5 * np.square(kernel).sum()
    assert float(objective.loss(it)) == pytest.approx(expected, rel=1e-5)
