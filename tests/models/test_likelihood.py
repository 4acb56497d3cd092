"""Densities of images: they integrate to 1, have the mean they say, and stay numbers at any finite input."""

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from pipeline.data.chunks import CHUNK
from pipeline.models.likelihood import (
    Bernoulli,
    ContinuousBernoulli,
    Gaussian,
    Likelihood,
    SquaredError,
    log_normaliser,
)

PARTS = np.float32([0, 1e-45, 1e-38, 0.1, 0.3, 1, 88, 89, 1e4, 1e13, 1e19, 1e30, 3e38])
EXTREMES = np.concatenate([-PARTS[::-1], PARTS])
NODES, WEIGHTS = ((part + shift) / 2 for part, shift in zip(np.polynomial.legendre.leggauss(200), (1, 0), strict=True))
LOGITS = np.float32([-60, -5, -1, -0.31, -0.29, -1e-3, 0, 1e-4, 0.1, 0.299, 0.301, 2, 9, 60])

LIKELIHOODS = {
    "bernoulli": Bernoulli,
    "continuous_bernoulli": ContinuousBernoulli,
    "gaussian": lambda: Gaussian(scale=0.2, learned=True, link="sigmoid"),
    "gaussian_identity": lambda: Gaussian(scale=2.0, learned=False, link="identity"),
    "gaussian_tiny": lambda: Gaussian(scale=1e-30, learned=True, link="identity"),
    "gaussian_huge": lambda: Gaussian(scale=1e30, learned=True, link="sigmoid"),
    "squared_error": lambda: SquaredError(link="sigmoid"),
    "squared_error_identity": lambda: SquaredError(link="identity"),
}
every_likelihood = pytest.mark.parametrize("make", LIKELIHOODS.values(), ids=LIKELIHOODS.keys())


def per_pixel(likelihood: Likelihood, pixels, outputs) -> np.ndarray:
    """The distortion of each pixel alone, in the shape of the two broadcast."""
    pixels, outputs = np.broadcast_arrays(np.float32(pixels), np.float32(outputs))
    shape = (-1, 1, 1, 1)
    return np.float64(likelihood(pixels.reshape(shape), outputs.reshape(shape))).reshape(pixels.shape)


def entropy(p: np.ndarray) -> np.ndarray:
    return -scipy.special.xlogy(p, p) - scipy.special.xlogy(1 - p, 1 - p)


@every_likelihood
def test_distortion_of_an_image_is_the_sum_over_its_pixels(make) -> None:
    rng = np.random.default_rng(0)
    images, outputs = (rng.uniform(0, 1, (5, 3, 2, 4)).astype("float32") for _ in range(2))
    likelihood = make()
    pixel = np.float64(likelihood.pixel_distortion(images, outputs))
    assert pixel.shape == images.shape
    np.testing.assert_allclose(likelihood(images, outputs), pixel.sum((1, 2, 3)), rtol=1e-5)
    assert likelihood.mean(outputs).shape == outputs.shape


def test_bernoulli_is_the_probability_of_a_binary_pixel() -> None:
    white, black = (scipy.special.expit(sign * np.float64(LOGITS)) for sign in (1, -1))
    np.testing.assert_allclose(per_pixel(Bernoulli(), 1, LOGITS), -np.log(white), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(per_pixel(Bernoulli(), 0, LOGITS), -np.log(black), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(Bernoulli().mean(LOGITS), white, rtol=1e-5)


def test_cross_entropy_of_a_grey_pixel_is_never_below_its_entropy() -> None:
    grey = np.linspace(0, 1, 41)[:, None]
    logits = np.linspace(-20, 20, 401)
    assert (per_pixel(Bernoulli(), grey, logits) >= entropy(grey) - 2e-6).all()


def test_cross_entropy_is_the_entropy_at_the_pixels_own_logit() -> None:
    grey = np.linspace(0.01, 0.99, 41)
    np.testing.assert_allclose(per_pixel(Bernoulli(), grey, scipy.special.logit(grey)), entropy(grey), rtol=1e-5)


def test_log_normaliser_is_ln_2_at_one_half() -> None:
    assert log_normaliser(0.0).numpy() == np.float32(np.log(2))


@pytest.mark.parametrize("logit", LOGITS)
def test_continuous_bernoulli_is_a_density_with_the_mean_it_says(logit: np.float32) -> None:
    density = np.exp(-per_pixel(ContinuousBernoulli(), NODES, logit))
    assert WEIGHTS @ density == pytest.approx(1, abs=1e-5)
    assert float(ContinuousBernoulli().mean(logit)) == pytest.approx(WEIGHTS @ (NODES * density), abs=1e-5)


def test_continuous_bernoulli_agrees_with_float64_on_both_sides_of_its_series() -> None:
    edge = np.float32(0.3)
    x = np.concatenate([np.geomspace(0.01, 1e4, 301), np.linspace(0.25, 0.35, 101)]).astype("float32")
    x = np.concatenate([x, [np.nextafter(edge, np.float32(0)), edge]]).astype("float32")
    x = tf.Variable(np.concatenate([x, -x]))
    with tf.GradientTape(persistent=True) as tape:
        normaliser, mean = log_normaliser(x), ContinuousBernoulli().mean(x)
    wide = np.float64(x)
    np.testing.assert_allclose(normaliser, np.log(wide / np.tanh(wide / 2)), rtol=5e-7, atol=5e-7)
    np.testing.assert_allclose(mean, 0.5 + 0.5 / np.tanh(wide / 2) - 1 / wide, atol=6e-7)
    small = np.clip(wide, -300, 300)
    np.testing.assert_allclose(tape.gradient(normaliser, x), 1 / wide - 1 / np.sinh(small), rtol=2e-5)
    slope = 1 / wide**2 - 0.25 / np.sinh(small / 2) ** 2
    np.testing.assert_allclose(tape.gradient(mean, x), slope, atol=5e-6)


@pytest.mark.parametrize("link", ["sigmoid", "identity"])
@pytest.mark.parametrize("scale", [0.05, 1.0, 3.0])
def test_gaussian_is_the_normal_density(scale: float, link) -> None:
    outputs, pixels = np.linspace(-2, 2, 21), np.linspace(0, 1, 11)[:, None]
    mean = scipy.special.expit(outputs) if link == "sigmoid" else outputs
    likelihood = Gaussian(scale=scale, learned=False, link=link)
    exact = -scipy.stats.norm.logpdf(pixels, mean, scale)
    np.testing.assert_allclose(per_pixel(likelihood, pixels, outputs), exact, rtol=2e-5, atol=1e-5)
    np.testing.assert_allclose(likelihood.mean(np.float32(outputs)), mean, rtol=1e-5)


def test_learned_scale_moves_to_the_root_mean_squared_error() -> None:
    likelihood = Gaussian(scale=1.0, learned=True, link="identity")
    pixels = np.random.default_rng(0).normal(0.5, 0.1, (64, 1, 1, 1)).astype("float32")
    mean = np.full_like(pixels, 0.45)
    optimizer = keras.optimizers.SGD(0.2)
    for _ in range(100):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(likelihood(pixels, mean))
        optimizer.apply(tape.gradient(loss, likelihood.trainable_variables), likelihood.trainable_variables)
    assert float(np.exp(likelihood.log_scale)) == pytest.approx(np.sqrt(np.mean((pixels - 0.45) ** 2)), rel=1e-4)


def test_fixed_scale_is_not_trained() -> None:
    assert not Gaussian(scale=1.0, learned=False, link="identity").trainable_variables


@pytest.mark.parametrize("link", ["sigmoid", "identity"])
def test_squared_error_is_a_gaussian_of_variance_one_half_without_its_constant(link) -> None:
    outputs, pixels = np.linspace(-2, 2, 21), np.linspace(0, 1, 11)[:, None]
    gaussian = Gaussian(scale=np.sqrt(0.5), learned=False, link=link)
    difference = per_pixel(gaussian, pixels, outputs) - per_pixel(SquaredError(link=link), pixels, outputs)
    np.testing.assert_allclose(difference, 0.5 * np.log(np.pi), rtol=1e-5)


def test_bits_of_pixels_that_are_probable_alone_are_the_nats_over_ln_2() -> None:
    # A fair coin for every value of a pixel is one bit for every value.
    outputs = np.zeros((1, 3, 2, 3), "float32")
    nll = float(Bernoulli()(np.ones_like(outputs), outputs)[0])
    both = np.full((1, 3, 2, 3), 255, np.uint8)
    both[0, 0] = 0
    assert Bernoulli().bits_per_dimension(nll, both) == pytest.approx(1, rel=1e-6)


def test_bits_of_an_even_density_are_the_eight_bits_of_a_pixel() -> None:
    # Even on [0, 1], no level of 256 is likelier than another.
    outputs = np.zeros((1, 3, 2, 3), "float32")
    nll = float(ContinuousBernoulli()(np.full_like(outputs, 0.3), outputs)[0])
    assert nll == pytest.approx(0, abs=1e-4)
    grey = np.full((1, 3, 2, 3), 77, np.uint8)
    assert ContinuousBernoulli().bits_per_dimension(nll, grey) == pytest.approx(8, abs=1e-4)


@pytest.mark.parametrize("scale", [0.05, 0.3])
def test_bits_of_a_normal_density_are_those_of_its_probability_of_256_levels(scale: float) -> None:
    edges = np.arange(80, 177) / 256
    exact = -np.log2(np.diff(scipy.stats.norm.cdf(edges, 0.5, scale)))
    likelihood = Gaussian(scale=scale, learned=False, link="identity")
    nll = per_pixel(likelihood, edges[:-1] + 0.5 / 256, 0.5)
    bits = [likelihood.bits_per_dimension(each, np.full((1, 1, 1, 1), 128, np.uint8)) for each in nll]
    np.testing.assert_allclose(bits, exact, atol=0.02)
    assert likelihood.bits_per_dimension(0.0, np.full((1, 2, 2, 1), 128, np.uint8)) == 8, "a density of 1 is 1 of 256"


def test_what_gives_no_probability_of_the_pixels_has_no_bits() -> None:
    black = np.zeros((2, 28, 28, 1), np.uint8)
    assert SquaredError(link="sigmoid").bits_per_dimension(100.0, black) is None
    assert Bernoulli().bits_per_dimension(100.0, black + np.uint8(254)) is None
    of_several_chunks = np.zeros((CHUNK // 2**20 + 1, 2**10, 2**10, 1), np.uint8)
    of_several_chunks[-1] = 128
    assert Bernoulli().bits_per_dimension(100.0, of_several_chunks) is None, "the last chunk is grey"


@every_likelihood
@pytest.mark.parametrize("pixel", [0.0, 0.3, 1.0])
def test_no_finite_output_gives_a_value_or_gradient_that_is_no_number(make, pixel: float) -> None:
    likelihood, outputs = make(), tf.Variable(EXTREMES.reshape(-1, 1, 1, 1))
    with tf.GradientTape(persistent=True) as tape:
        distortion = likelihood(tf.fill(outputs.shape, pixel), outputs)
        mean = likelihood.mean(outputs)
    gradients = [tape.gradient(distortion, [outputs, *likelihood.trainable_variables]), tape.gradient(mean, [outputs])]
    for value in (distortion, mean, *gradients[0], *gradients[1]):
        assert not np.isnan(value).any()


@pytest.mark.parametrize("make", [Bernoulli, ContinuousBernoulli, LIKELIHOODS["gaussian"]])
def test_means_of_a_sigmoid_are_pixels_at_any_output(make) -> None:
    mean = make().mean(EXTREMES).numpy()
    assert (mean >= 0).all()
    assert (mean <= 1).all()
    assert (np.diff(mean) >= -1e-6).all()


@every_likelihood
def test_half_precision_outputs_are_scored_in_float32(make) -> None:
    likelihood, half = make(), tf.cast(tf.linspace(-3.0, 3.0, 12), tf.bfloat16)
    half, images = tf.reshape(half, (1, 3, 4, 1)), np.full((1, 3, 4, 1), 0.3, "float32")
    for scored, wide in (
        (likelihood(images, half), likelihood(images, tf.cast(half, tf.float32))),
        (likelihood.mean(half), likelihood.mean(tf.cast(half, tf.float32))),
    ):
        assert scored.dtype == tf.float32
        assert np.array_equal(scored, wide)


@every_likelihood
def test_serialisation_keeps_the_settings(make) -> None:
    likelihood = make()
    stored = keras.saving.serialize_keras_object(likelihood)
    loaded = keras.saving.deserialize_keras_object(stored)
    images, outputs = np.random.default_rng(0).uniform(0, 1, (2, 3, 4, 4, 1)).astype("float32")
    assert type(loaded) is type(likelihood)
    assert loaded.get_config() == likelihood.get_config()
    assert np.array_equal(loaded(images, outputs), likelihood(images, outputs))
