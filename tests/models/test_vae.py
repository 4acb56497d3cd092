"""The model as a whole: its loss in parts, a likelihood known in closed form, and what is left after saving."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import scipy.stats

from pipeline.data.batches import as_floats
from pipeline.models.conv import Conv
from pipeline.models.dense import Dense
from pipeline.models.likelihood import Bernoulli, ContinuousBernoulli, Gaussian, SquaredError
from pipeline.models.objectives.weight_schedule import Constant, Warmup
from pipeline.models.objectives.weighted_elbo import WeightedElbo
from pipeline.models.posterior import Posterior
from pipeline.models.vae import VAE, assemble

IMAGES, BATCH = 21, 8  # two full batches and a ragged one


@pytest.fixture(scope="module")
def images(blobs) -> np.ndarray:
    return as_floats(blobs(IMAGES))


def parts_of_each_image(vae: VAE, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rate and distortion of every image, [N] each, with the noise that `evaluate` is about to draw."""
    state = vae.noise.state.numpy()
    passes = [(batch := images[start : start + BATCH], vae(batch)) for start in range(0, len(images), BATCH)]
    vae.noise.state.assign(state)
    rates = [Posterior(each["mean"], each["log_variance"]).rates().numpy().sum(axis=1) for _, each in passes]
    distortions = [vae.likelihood(batch, each["outputs"]).numpy() for batch, each in passes]
    return np.concatenate(rates), np.concatenate(distortions)


def scores(vae: VAE, images: np.ndarray) -> dict[str, float]:
    vae.compile(optimizer="adam")
    return vae.evaluate(images, batch_size=BATCH, return_dict=True)


def test_loss_equals_its_parts_over_a_ragged_last_batch(small_vae, images) -> None:
    vae = small_vae(beta=4.0, distortion_weight=0.5)
    rates, distortions = parts_of_each_image(vae, images)
    assert scores(vae, images) == {
        "rate": pytest.approx(rates.mean(), rel=1e-5),
        "distortion": pytest.approx(distortions.mean(), rel=1e-5),
        "loss": pytest.approx(0.5 * distortions.mean() + 4 * rates.mean(), rel=1e-5),
        "elbo": pytest.approx(-(distortions.mean() + rates.mean()), rel=1e-5),
    }


def test_validation_uses_the_final_beta_whatever_it_is_while_training(small_vae, images) -> None:
    vae = small_vae(beta=4.0, schedule=Warmup(of=None, epochs=10))
    vae.weight.assign(0.0)
    score = scores(vae, images)
    assert score["loss"] == pytest.approx(score["distortion"] + 4 * score["rate"], rel=1e-5)
    passed = vae(images)
    while_training, final = (float(vae.compute_loss(images, y_pred=passed, training=each)) for each in (True, False))
    rates = Posterior(passed["mean"], passed["log_variance"]).rates().numpy().sum(axis=1)
    assert final - while_training == pytest.approx(4 * rates.mean(), rel=1e-3)


def test_elbo_does_not_change_with_the_weights(small_vae, images) -> None:
    plain, heavy = scores(small_vae(), images), scores(small_vae(beta=4.0, distortion_weight=3.0), images)
    assert [plain[name] for name in ("rate", "distortion", "elbo")] == [
        heavy[name] for name in ("rate", "distortion", "elbo")
    ]
    assert plain["loss"] == pytest.approx(-plain["elbo"], rel=1e-6)
    assert heavy["loss"] > 2 * plain["loss"]


def test_noise_is_drawn_from_the_posterior_or_not_at_all(small_vae, images) -> None:
    vae, autoencoder = small_vae(), small_vae(beta=0.0, sampling=False)
    assert not np.array_equal(vae(images)["outputs"], vae(images)["outputs"])
    first = autoencoder(images)
    assert np.array_equal(first["outputs"], autoencoder(images)["outputs"])
    assert np.array_equal(first["outputs"], autoencoder.decoder(first["mean"]))


def test_predict_gives_reconstructions_from_the_posterior_mean(small_vae, images) -> None:
    vae = small_vae()
    vae.compile(optimizer="adam")
    reconstructions = vae.predict(images, batch_size=BATCH)
    mean, _ = vae.encoder(images)
    assert reconstructions.shape == images.shape
    np.testing.assert_allclose(reconstructions, keras.ops.sigmoid(vae.decoder(mean)), rtol=1e-5)
    np.testing.assert_allclose(reconstructions, vae.reconstruct(images), rtol=1e-5)


def test_equal_seeds_give_equal_weights_and_other_seeds_others(small_vae) -> None:
    one, same, other = (small_vae(seed=seed).get_weights() for seed in (0, 0, 1))
    assert all(np.array_equal(*pair) for pair in zip(one, same, strict=True))
    assert not all(np.array_equal(*pair) for pair in zip(one, other, strict=True))


def test_scale_is_trained_with_the_network_if_it_is_learned(small_vae) -> None:
    learned, fixed = (small_vae(likelihood=Gaussian(scale=0.1, learned=each, link="sigmoid")) for each in (True, False))
    assert len(learned.trainable_variables) == len(fixed.trainable_variables) + 1


@pytest.mark.parametrize("shape", [(8, 8, 1), (7, 5, 3)])
def test_model_knows_its_shapes(shape) -> None:
    architecture = Dense(
        latent_dim=3,
        scale="softplus",
        activation="relu",
        initializer=None,
        hidden=[4],
        decoder_hidden=None,
        batch_norm=False,
        dropout=0.0,
        conditional=False,
        levels=None,
    )
    objective = WeightedElbo(beta=1.0, distortion_weight=1.0, free_bits=0.0, sampling=True, schedule=Constant(of=None))
    vae = assemble(architecture=architecture, likelihood=Bernoulli(), objective=objective, image_shape=shape, seed=0)
    assert (vae.image_shape, vae.latent_dim) == (shape, 3)
    assert vae.decode(np.zeros((2, 3), "float32")).shape == (2, *shape)


# A linear decoder with Gaussian pixels: the image is Gaussian, and so is the exact posterior.

NOISE = 0.3
WEIGHTS = np.array([[1.5, 0.0], [0.5, 0.4], [0.0, 1.0], [0.9, -0.5 * 0.4 / 0.9], [0.0, 0.3], [0.0, 0.0]])
BIAS = np.linspace(0.2, 0.7, 6)
POSTERIOR_VARIANCE = 1 / (1 + np.sum(WEIGHTS**2, axis=0) / NOISE**2)


def linear_vae(shift: float = 0.0, stretch: float = 1.0) -> VAE:
    """Its posterior is the exact one, moved by so many standard deviations and of so many times the variance."""
    slope = WEIGHTS * POSTERIOR_VARIANCE / NOISE**2
    image, latent = keras.Input((2, 3, 1)), keras.Input((2,))
    flat = keras.layers.Flatten()(image)
    mean, log_variance = keras.layers.Dense(2), keras.layers.Dense(2)
    encoder = keras.Model(image, [mean(flat), log_variance(flat)])
    pixel = keras.layers.Dense(6)
    decoder = keras.Model(latent, keras.layers.Reshape((2, 3, 1))(pixel(latent)))
    mean.set_weights([slope, -BIAS @ slope + shift * np.sqrt(POSTERIOR_VARIANCE)])
    log_variance.set_weights([np.zeros((6, 2)), np.log(stretch * POSTERIOR_VARIANCE)])
    pixel.set_weights([WEIGHTS.T, BIAS])
    likelihood = Gaussian(scale=NOISE, learned=False, link="identity")
    objective = WeightedElbo(beta=1.0, distortion_weight=1.0, free_bits=0.0, sampling=True, schedule=Constant(of=None))
    return VAE(encoder=encoder, decoder=decoder, likelihood=likelihood, objective=objective)


def log_evidence(image: np.ndarray) -> float:
    covariance = WEIGHTS @ WEIGHTS.T + NOISE**2 * np.eye(6)
    return float(scipy.stats.multivariate_normal(BIAS, covariance).logpdf(image.ravel()))


LINEAR_IMAGE = np.random.default_rng(3).uniform(0, 1, (1, 2, 3, 1)).astype("float32")


def test_columns_are_orthogonal_so_that_the_exact_posterior_is_diagonal() -> None:
    assert WEIGHTS[:, 0] @ WEIGHTS[:, 1] == pytest.approx(0)


@pytest.mark.parametrize(("shift", "stretch"), [(0.0, 1.0), (1.0, 1.0), (0.0, 2.0), (-0.5, 0.4)])
def test_elbo_is_the_log_likelihood_less_the_divergence_from_the_exact_posterior(shift: float, stretch: float) -> None:
    vae, draws = linear_vae(shift, stretch), 40_000
    images = np.repeat(LINEAR_IMAGE, draws, axis=0)
    passed = vae(images)
    rate = Posterior(passed["mean"], passed["log_variance"]).rates().numpy().sum(axis=1)
    elbo = -np.float64(vae.likelihood(images, passed["outputs"]).numpy() + rate)
    divergence = 2 * 0.5 * (shift**2 + stretch - 1 - np.log(stretch))
    error = elbo.std() / np.sqrt(draws)
    assert error < 0.02
    assert abs(elbo.mean() - (log_evidence(LINEAR_IMAGE) - divergence)) < 4 * error


def test_every_draw_from_the_exact_posterior_gives_the_log_likelihood() -> None:
    """log p(image, latent) - log q(latent | image) does not depend on the latent."""
    vae = linear_vae()
    images = np.repeat(LINEAR_IMAGE, 50, axis=0)
    posterior = vae.posterior(images)
    [latent] = posterior.sample(vae.noise)
    prior = scipy.stats.norm.logpdf(latent).sum(axis=1)
    own = scipy.stats.norm.logpdf(latent, posterior.mean, np.exp(posterior.log_variance.numpy() / 2)).sum(axis=1)
    weights = -vae.likelihood(images, vae.decoder(latent)).numpy() + prior - own
    np.testing.assert_allclose(weights, log_evidence(LINEAR_IMAGE), atol=2e-4)


# Saved and loaded by someone who has the file and the package, and nothing else.

CONV = Conv(
    latent_dim=3,
    scale="softplus",
    activation="relu",
    initializer=None,
    filters=[4],
    strides=3,
    kernel=3,
    units=[],
    batch_norm=True,
    dropout=0.2,
    decoder_units=[],
    decoder_channels=None,
    decoder_filters=None,
    decoder_strides=None,
    conditional=False,
    levels=None,
)
SAVED = {
    "bernoulli": {"likelihood": Bernoulli, "architecture": CONV, "beta": 0.5, "schedule": Warmup(of=None, epochs=3)},
    "continuous_bernoulli": {"likelihood": ContinuousBernoulli, "beta": 0.0, "sampling": False},
    "gaussian": {"likelihood": lambda: Gaussian(scale=0.2, learned=True, link="sigmoid"), "free_bits": 0.1},
    "squared_error": {"likelihood": lambda: SquaredError(link="identity"), "distortion_weight": 64.0},
}
LOAD = """
import sys
import keras, pipeline.models.vae
import numpy as np

for path in sys.argv[1:]:
    model, saved = keras.saving.load_model(path), np.load(path + ".npz")
    images = saved["images"]
    posterior = model.posterior(images)
    distortion = model.likelihood(images, model.decoder(posterior.mean))
    for name, value in {
        "reconstruction": model.predict(images, verbose=0),
        "mean": posterior.mean,
        "log_variance": posterior.log_variance,
        "distortion": distortion,
        "beta": model.weight,
    }.items():
        np.testing.assert_allclose(value, saved[name], rtol=1e-6, atol=1e-6, err_msg=path + name)
    assert repr(model.objective) == str(saved["objective"]), path
    assert model.seed == 7, path
    print(path)
"""


def test_saved_model_gives_equal_outputs_in_a_fresh_process(small_vae, images, tmp_path: Path) -> None:
    paths = [str(tmp_path / f"{name}.keras") for name in SAVED]
    for path, how in zip(paths, SAVED.values(), strict=True):
        vae = small_vae(seed=7, **how | {"likelihood": how["likelihood"]()})
        vae.compile(optimizer="adam")
        vae.fit(images, batch_size=BATCH, epochs=1, verbose=0)  # batch norm and a learned scale move
        posterior = vae.posterior(images)
        np.savez(
            path + ".npz",
            images=images,
            reconstruction=vae.predict(images, verbose=0),
            mean=posterior.mean,
            log_variance=posterior.log_variance,
            distortion=vae.likelihood(images, vae.decoder(posterior.mean)),
            beta=vae.weight.numpy(),
            objective=repr(vae.objective),
        )
        vae.save(path)
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", LOAD, *paths]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == paths
