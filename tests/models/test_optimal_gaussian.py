"""The Gaussian whose scale is the best one: the learned scale's optimum, in closed form."""

from pathlib import Path

import keras
import numpy as np
import pytest

from pipeline.models.likelihood import Gaussian
from pipeline.models.optimal_gaussian import OptimalGaussian


def batch(seed: int = 0, spread: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    images = rng.uniform(size=(16, 8, 8, 1)).astype("float32")
    return images, (images + rng.normal(0, spread, images.shape)).astype("float32")


def test_it_equals_the_optimum_of_a_learned_scale() -> None:
    images, outputs = batch()
    learned = Gaussian(scale=0.5, learned=True, link="identity")
    optimizer = keras.optimizers.Adam(0.05)
    learned.build(outputs.shape)
    import tensorflow as tf

    for _ in range(400):
        with tf.GradientTape() as tape:
            loss = keras.ops.mean(learned(images, outputs))
        optimizer.apply(tape.gradient(loss, [learned.log_scale.value]), [learned.log_scale])
    optimal = OptimalGaussian(link="identity", memory=0.9)
    found = np.mean(optimal(images, outputs, training=True))
    assert found == pytest.approx(float(keras.ops.mean(learned(images, outputs))), rel=1e-4)
    squares = np.square(images - outputs).mean()
    assert found == pytest.approx(32 * (np.log(2 * np.pi * squares) + 1), rel=1e-4), "64 pixels"
    assert float(optimal.log_scale) == pytest.approx(0.5 * np.log(squares), rel=1e-4)
    assert float(optimal.log_scale) == pytest.approx(float(learned.log_scale), abs=1e-3)


def test_the_likelihood_of_an_image_does_not_depend_on_others_when_it_is_not_trained() -> None:
    images, outputs = batch()
    optimal = OptimalGaussian(link="identity", memory=0.9)
    for seed in range(50):
        optimal(*batch(seed), training=True)
    whole = np.asarray(optimal(images, outputs))
    alone = np.concatenate([np.asarray(optimal(images[[i]], outputs[[i]])) for i in range(len(images))])
    np.testing.assert_allclose(whole, alone, rtol=1e-5)
    fixed = Gaussian(scale=float(np.exp(optimal.log_scale)), learned=False, link="identity")
    np.testing.assert_allclose(whole, fixed(images, outputs), rtol=1e-4)
    assert float(np.exp(optimal.log_scale)) == pytest.approx(0.2, rel=0.02)


def test_a_stored_model_has_its_scale(small_vae, blobs, tmp_path: Path) -> None:
    vae = small_vae(likelihood=OptimalGaussian(link="sigmoid", memory=0.5))
    vae.compile(optimizer="adam")
    vae.fit(blobs(64).astype("float32") / 255, epochs=2, verbose=0)
    vae.save(tmp_path / "it.keras")
    again = keras.saving.load_model(tmp_path / "it.keras").likelihood
    assert (again.link, again.memory) == ("sigmoid", 0.5)
    assert float(again.log_scale) == float(vae.likelihood.log_scale) < 0
    assert float(again.seen) == 1
