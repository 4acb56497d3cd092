"""The importance-weighted bound: with one latent the ELBO, tighter with more, and two estimates of its gradient."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from linear_gaussian import Exact, noise_images
from passes import made, passed

from pipeline.models.objectives.doubly_reparameterised import DoublyReparameterised
from pipeline.models.objectives.importance_weighted import ImportanceWeighted
from pipeline.models.objectives.weighted_elbo import WeightedElbo
from pipeline.models.vae import VAE

BOTH = (ImportanceWeighted, DoublyReparameterised)


@pytest.mark.parametrize("kind", BOTH)
def test_with_one_latent_it_is_the_elbo_to_the_bit(kind: type[ImportanceWeighted], small_vae, blobs) -> None:
    images = blobs(100).astype("float32") / 255
    losses = []
    plain = made(WeightedElbo, beta=1.0, distortion_weight=1.0, free_bits=0.0, sampling=True)
    for objective in (plain, made(kind, beta=1.0, samples=1)):
        vae = small_vae(objective=objective)
        vae.compile(optimizer=keras.optimizers.Adam(0.01))
        losses.append(vae.fit(images, batch_size=20, epochs=3, verbose=0).history)
    assert losses[0] == losses[1]


def test_it_is_the_log_of_the_mean_weight() -> None:
    objective = made(ImportanceWeighted, beta=1.0, samples=3)
    it = passed(objective, [[0.5, -1.0], [0.0, 2.0]], -0.7, distortions=np.float32([[1, 2], [3, 4], [5, 6]]))
    z, mean, variance = it.latents.astype(float), it.posterior.mean, np.exp(-0.7)
    log_q = -0.5 * ((z - mean) ** 2 / variance + np.log(2 * np.pi * variance)).sum(axis=2)
    log_p = -0.5 * (z**2 + np.log(2 * np.pi)).sum(axis=2)
    expected = -np.log(np.exp(-it.distortions + log_p - log_q).mean(axis=0)).mean()
    assert float(objective.loss(it)) == pytest.approx(expected, rel=1e-5)


def bound(vae: VAE, images: np.ndarray, samples: int, draws: int = 200) -> float:
    """The mean bound on −log p over several draws, nats."""
    objective = made(ImportanceWeighted, beta=1.0, samples=samples)
    one = VAE(encoder=vae.encoder, decoder=vae.decoder, likelihood=vae.likelihood, objective=objective)
    return float(np.mean([float(one.compute_loss(images, y_pred=one(images), training=False)) for _ in range(draws)]))


def test_on_the_linear_gaussian_model_the_bound_tightens_towards_the_truth() -> None:
    exact = Exact()
    images = noise_images(4)
    vae = exact.vae(widening=2.5)
    truth = float(np.mean(exact.nll(images)))
    bounds = [bound(vae, images.astype("float32") / 255, samples) for samples in (1, 5, 50)]
    assert bounds[0] > bounds[1] > bounds[2] > truth - 0.05
    assert bounds[2] - truth < 0.3 * (bounds[0] - truth)


def gradients(kind: type[ImportanceWeighted], small_vae, images: np.ndarray) -> dict[str, np.ndarray]:
    """1,500 estimates of the gradient with respect to the weights of each network, [1500, P]."""
    vae = small_vae(objective=made(kind, beta=1.0, samples=8), seed=1)
    networks = {
        name: [each.value for each in getattr(vae, name).trainable_variables] for name in ("encoder", "decoder")
    }

    @tf.function(autograph=False)
    def estimate():
        with tf.GradientTape() as tape:
            loss = vae.compute_loss(images, y_pred=vae(images, training=True))
        found = tape.gradient(loss, networks)
        return {name: tf.concat([tf.reshape(part, [-1]) for part in parts], 0) for name, parts in found.items()}

    drawn = [estimate() for _ in range(1500)]
    return {name: np.array([each[name].numpy() for each in drawn]) for name in networks}


def test_the_two_gradients_agree_in_the_mean(small_vae, blobs) -> None:
    """DReG's estimate of the gradient has the same mean as IWAE's, and for the encoder less variance."""
    iwae, dreg = (gradients(kind, small_vae, blobs(8).astype("float32") / 255) for kind in BOTH)
    for network in ("encoder", "decoder"):
        one, other = iwae[network], dreg[network]
        error = np.sqrt((one.var(axis=0).sum() + other.var(axis=0).sum()) / len(one))
        assert np.linalg.norm(one.mean(axis=0) - other.mean(axis=0)) < 1.3 * error
        assert np.linalg.norm(one.mean(axis=0)) > 5 * error, "there is something to agree about"
    assert dreg["encoder"].var(axis=0).sum() < 0.8 * iwae["encoder"].var(axis=0).sum()


def test_the_loss_of_both_is_the_bound(small_vae, blobs) -> None:
    images = blobs(16).astype("float32") / 255
    losses = []
    for kind in BOTH:
        vae = small_vae(objective=made(kind, beta=1.0, samples=4), seed=3)
        passes = tf.function(lambda of=vae: of.compute_loss(images, y_pred=of(images, training=True)), autograph=False)
        losses.append(float(passes()))
    assert losses[1] == pytest.approx(losses[0], rel=1e-6)


@pytest.mark.parametrize("kind", BOTH)
def test_validation_needs_no_gradient(kind: type[ImportanceWeighted], small_vae, blobs) -> None:
    """It works outside a graph, too, as with any Keras model."""
    images = blobs(16).astype("float32") / 255
    vae = small_vae(objective=made(kind, beta=1.0, samples=4), seed=3)
    assert math.isfinite(float(vae.compute_loss(images, y_pred=vae(images), training=False)))
