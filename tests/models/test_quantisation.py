"""Finite scalar quantisation: which codes there are, what gradients pass, and what a bound the ELBO is."""

import itertools
import math
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logsumexp

from pipeline.data.batches import as_floats
from pipeline.errors import InputError
from pipeline.latent.encoding import encode
from pipeline.models.quantisation import FiniteScalar, NearestCode, drawn_codes
from pipeline.models.vae import VAE
from pipeline.runs.setup import Setup
from pipeline.training.fit import fit

CODES = ("model.levels=3", "objective=autoencoder")


def model(composed, *overrides: str) -> tuple[VAE, Setup]:
    setup = Setup.from_config(composed("model.hidden=[8]", "training.patience=null", *overrides))
    return setup.model_for(setup.dataset.load()), setup


@pytest.mark.parametrize("levels", range(2, 10))
def test_each_dimension_takes_as_many_values_as_levels_evenly_apart(levels: int) -> None:
    code, log_variance = FiniteScalar(levels)(np.linspace(-9, 9, 20_001, dtype="float32")[:, None])
    values = np.unique(code)
    half = levels // 2
    np.testing.assert_allclose(values, np.arange(-half, levels - half) / half, rtol=1e-6)
    np.testing.assert_array_equal(NearestCode(levels)(code), code)
    assert np.exp(0.5 * np.asarray(log_variance)).max() < 1e-15
    drawn = drawn_codes(np.random.default_rng(0), (20_000, 1), levels)
    seen, counts = np.unique(drawn, return_counts=True)
    np.testing.assert_allclose(seen, values, rtol=1e-6)
    assert np.abs(counts * levels / 20_000 - 1).max() < 0.15


@pytest.mark.parametrize("levels", range(2, 9))
def test_numbers_that_were_normalised_have_every_code(levels: int) -> None:
    """An encoder's last layer but one normalises, so that no code may need what is rare in a standard normal."""
    raw = np.random.default_rng(0).standard_normal((50_000, 1)).astype("float32")
    _, counts = np.unique(FiniteScalar(levels)(raw)[0], return_counts=True)
    assert len(counts) == levels
    shares = counts / 50_000
    assert -(shares * np.log(shares)).sum() > 0.85 * math.log(levels)
    if levels == 2:
        np.testing.assert_allclose(shares, 0.5, atol=0.01)


@pytest.mark.parametrize("levels", [2, 5, 8])
def test_latents_are_decoded_as_the_nearest_code(levels: int) -> None:
    codes = np.unique(FiniteScalar(levels)(np.linspace(-9, 9, 999, dtype="float32")[:, None])[0])
    latents = np.random.default_rng(0).uniform(-1.5, 1.5, (500, 1)).astype("float32")
    nearest = codes[np.abs(latents - codes).argmin(axis=1)]
    np.testing.assert_allclose(np.asarray(NearestCode(levels)(latents))[:, 0], nearest, rtol=1e-6)


@pytest.mark.parametrize("levels", range(3, 10))
def test_numbers_around_zero_have_the_code_zero(levels: int) -> None:
    """That is what the shift of even numbers of levels is for (Mentzer et al. 2024, A.1)."""
    assert set(np.ravel(FiniteScalar(levels)(np.linspace(-0.1, 0.1, 21, dtype="float32")[:, None])[0])) == {0.0}


def test_gradients_pass_as_if_nothing_had_been_rounded() -> None:
    raw = tf.constant(np.linspace(-2, 2, 9, dtype="float32")[:, None])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(raw)
        code = FiniteScalar(5)(raw)[0]
        nearest = NearestCode(5)(raw)
    np.testing.assert_allclose(tape.gradient(code, raw), 0.999 * (1 - np.tanh(raw) ** 2), rtol=1e-5)
    np.testing.assert_array_equal(tape.gradient(nearest, raw), np.ones_like(raw))


def test_the_elbo_is_a_bound_on_the_likelihood_under_equally_probable_codes(composed) -> None:
    """Of nine codes the sum over all of them is log p(image) itself."""
    vae, setup = model(composed, *CODES, "model.latent_dim=2")
    images = setup.dataset.load().test.images[:40]
    encoded = encode(vae, images)
    np.testing.assert_allclose(encoded.rates, math.log(3), rtol=1e-6)
    of_codes = [
        -vae.likelihood(as_floats(images), vae.outputs(np.tile(np.float32([code]), (40, 1))))
        for code in itertools.product((-1, 0, 1), repeat=2)
    ]
    exact = logsumexp(of_codes, axis=0) - math.log(9)
    elbo = -encoded.rates.sum(axis=1) + np.asarray(
        -vae.likelihood(as_floats(images), vae.outputs(encoded.mean.astype("float32")))
    )
    assert (elbo <= exact + 1e-4).all()
    of_own = np.isclose(np.max(of_codes, axis=0), elbo + 2 * math.log(3), atol=1e-3)
    assert (elbo[of_own] >= exact[of_own] - math.log(9) - 1e-3).all(), "the most probable of nine is a ninth at least"


def test_a_training_records_the_rate_and_learns(composed, tmp_path: Path) -> None:
    vae, setup = model(composed, *CODES, "model.latent_dim=4", "training.epochs=8")
    data = setup.dataset.load()
    history = fit(vae, data, setup.training, checkpoint=tmp_path / "checkpoint.npz")
    assert history["validation/epoch/rate"] == pytest.approx([4 * math.log(3)] * 8, rel=1e-6)
    distortion = history["validation/epoch/distortion"]
    assert distortion[-1] < 0.8 * distortion[0]
    elbo = [-(rate + each) for rate, each in zip(history["validation/epoch/rate"], distortion, strict=True)]
    assert history["validation/epoch/elbo"] == pytest.approx(elbo)
    assert set(np.unique(encode(vae, data.test.rows).mean)) <= {-1.0, 0.0, 1.0}
    vae.save(tmp_path / "it.keras")
    loaded = keras.saving.load_model(tmp_path / "it.keras")
    assert loaded.levels == 3
    images = as_floats(data.test.images[:9])
    np.testing.assert_array_equal(loaded.reconstruct(images), vae.reconstruct(images))


def test_codes_are_refused_where_latents_are_drawn(composed) -> None:
    with pytest.raises(InputError) as refused:
        model(composed, "model.levels=3", "objective=vae")
    assert str(refused.value) == (
        "model.levels=3: latents that are rounded to codes are not drawn; expected an objective that draws none. Set "
        "objective=autoencoder, or model.levels=null"
    )
    with pytest.raises(InputError, match=r"model\.levels=1: expected a number"):
        model(composed, "model.levels=1", "objective=autoencoder")


def test_real_latents_have_no_levels(composed) -> None:
    assert model(composed)[0].levels is None
