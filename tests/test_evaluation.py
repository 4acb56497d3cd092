"""Scores of images that were not trained on."""

from dataclasses import asdict

import numpy as np
import pytest

from pipeline.data.batches import pixels
from pipeline.evaluation import BATCH, Evaluation, evaluate


def keras_scores(vae, images: np.ndarray) -> dict[str, float]:
    vae.compile(optimizer="adam")
    return vae.evaluate(pixels(images), batch_size=32, return_dict=True)


def test_scores_are_those_of_keras_when_nothing_is_drawn(small_vae, blobs) -> None:
    images = blobs(BATCH + 37)
    vae = small_vae(sampling=False, beta=3.0, distortion_weight=0.5)
    scored, by_keras = asdict(evaluate(vae, images)), keras_scores(vae, images)
    assert {name: scored[name] for name in by_keras} == pytest.approx(by_keras, rel=1e-5)
    reconstructions = vae.predict(pixels(images))
    assert scored["mse"] == pytest.approx(np.mean((pixels(images) - reconstructions) ** 2), rel=1e-5)


def test_scores_are_those_of_keras_within_the_sampling_error(small_vae, blobs) -> None:
    images, vae = blobs(400), small_vae(beta=3.0)
    runs = [evaluate(vae, images, seed=seed).distortion for seed in range(10)]
    by_keras, scored = keras_scores(vae, images), evaluate(vae, images)
    assert scored.rate == pytest.approx(by_keras["rate"], rel=1e-5)
    assert np.std(runs) > 0
    assert abs(np.mean(runs) - by_keras["distortion"]) < 5 * np.std(runs)


def test_equal_seeds_give_equal_scores_whatever_the_model_drew_before(small_vae, blobs) -> None:
    images, vae = blobs(30), small_vae()
    first = evaluate(vae, images, seed=3)
    vae(pixels(images))
    assert evaluate(vae, images, seed=3) == first
    assert evaluate(vae, images, seed=4).distortion != first.distortion
    assert evaluate(vae, images, seed=4).rate == first.rate


def test_scoring_leaves_the_models_own_noise_alone(small_vae, blobs) -> None:
    vae = small_vae()
    before = vae.noise.state.numpy()
    evaluate(vae, blobs(5))
    assert np.array_equal(vae.noise.state, before)


def test_elbo_is_minus_the_parts_and_the_loss_has_the_final_weights(small_vae, blobs) -> None:
    vae = small_vae(beta=4.0, distortion_weight=0.5, warmup_epochs=5)
    vae.beta.assign(0.0)
    scored = evaluate(vae, blobs(30))
    assert scored.elbo == -(scored.rate + scored.distortion)
    assert scored.loss == pytest.approx(0.5 * scored.distortion + 4 * scored.rate, rel=1e-6)


def test_free_bits_count_over_all_images_at_once(small_vae, blobs) -> None:
    images = blobs(BATCH + 37)
    vae = small_vae(free_bits=100.0, sampling=False)
    scored = evaluate(vae, images)
    assert scored.loss == pytest.approx(scored.distortion + 2 * 100.0, rel=1e-6)


def test_dropout_and_batch_statistics_are_off(small_vae, blobs) -> None:
    vae = small_vae(dropout=0.5, sampling=False)
    assert evaluate(vae, blobs(20)) == evaluate(vae, blobs(20))
    order = np.random.default_rng(0).permutation(20)
    assert asdict(evaluate(vae, blobs(20)[order])) == pytest.approx(asdict(evaluate(vae, blobs(20))), rel=1e-5)


def test_metrics_are_named_by_their_split() -> None:
    scored = Evaluation(loss=1.0, rate=2.0, distortion=3.0, elbo=-5.0, mse=0.1)
    assert scored.metrics("test") == {
        "test/loss": 1.0,
        "test/rate": 2.0,
        "test/distortion": 3.0,
        "test/elbo": -5.0,
        "test/mse": 0.1,
    }
