"""Scores of generated images: which images are generated, and in the features of which network they are scored."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from linear_gaussian import data_of, linear_vae, noise_images, settings

from pipeline.data.cache_eviction import clear_cache
from pipeline.data.digits import Digits
from pipeline.data.images import ImageData, Split
from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.feature_network import FEATURES, trained
from pipeline.evaluation.kept_features import FILE, feature_network_of
from pipeline.evaluation.kernel_distance import kernel_distance
from pipeline.evaluation.linear_probe import linear_probe_accuracy
from pipeline.evaluation.precision_and_recall import fidelity_and_diversity
from pipeline.evaluation.sample_scores import generated_images, sample_scores
from pipeline.evaluation.scores import CATALOGUE
from pipeline.latent.encoding import reconstruct

SCORES = {name for name, score in CATALOGUE.items() if score.of_features}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own for each test."""
    monkeypatch.setenv("VAE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def digits() -> ImageData:
    """The embedded digits."""
    published = Digits().read(None)
    return ImageData("digits", published.train, published.train, published.test, published.class_names)


def of_blobs(blobs: Callable[..., np.ndarray], number: int = 200, classes: int = 1) -> ImageData:
    """Spots, of the left and the right as classes."""
    images = blobs(number)
    labels = images[..., 0].sum(axis=1).argmax(axis=1) * classes // 8
    split = Split(images, labels.astype(np.int64))
    return ImageData("blobs", split, split, split, tuple("abcdefgh"[:classes]))


def test_features_tell_what_the_network_was_trained_on(digits: ImageData) -> None:
    network = trained(digits)
    train, test = network.features(digits.train.rows), network.features(digits.test.rows)
    assert train.shape == (len(digits.train), FEATURES)
    np.testing.assert_allclose(train.mean(axis=0), 0, atol=1e-4)
    deviations = train.std(axis=0)
    assert (np.isclose(deviations, 1, atol=1e-3) | np.isclose(deviations, 0)).all()
    accuracy = linear_probe_accuracy(train, digits.train.labels, test, digits.test.labels)
    assert accuracy is not None
    assert accuracy > 0.9


def test_halves_of_a_set_are_alike_in_its_features_and_classes_are_not(digits: ImageData) -> None:
    features = trained(digits).features(digits.train.rows)
    halves = np.array_split(np.random.default_rng(0).permutation(features), 2)
    distance, error = kernel_distance(*halves)
    assert abs(distance) < 3 * error
    found = fidelity_and_diversity(*halves, neighbours=5)
    assert found.density == pytest.approx(1, abs=0.15)
    assert found.coverage == pytest.approx(1 - 0.5**5, abs=0.03)
    zeros, ones = (features[digits.train.labels == label] for label in (0, 1))
    number = min(len(zeros), len(ones))
    distance, error = kernel_distance(zeros[:number], ones[:number])
    assert distance > 10 * error
    assert fidelity_and_diversity(zeros[:number], ones[:number], neighbours=5).coverage < 0.02


def test_equal_data_have_one_network_whatever_was_drawn_before(digits: ImageData) -> None:
    name = trained(digits).name
    keras.utils.set_random_seed(7)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert trained(digits).name == name
    finally:
        keras.config.set_dtype_policy("float32")
    assert trained(replace(digits, train=digits.train.take(np.arange(600)))).name != name


def test_images_of_one_class_have_random_features_with_a_name(
    blobs: Callable[..., np.ndarray], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    network = trained(of_blobs(blobs))
    assert f"feature network {network.name}, with random weights, as there is one class" in caplog.text
    near = network.features(np.concatenate([blobs(1), blobs(1) // 255 * 250, blobs(3)[2:]]))
    assert np.isfinite(near).all()
    assert len(np.unique(network.features(blobs(50)), axis=0)) == 50, "images are told apart"


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 3, 3), (70, 33, 3)])
def test_images_of_any_shape_have_features(shape: tuple[int, int, int]) -> None:
    images = noise_images(20, shape)
    network = trained(data_of(images, [0, 1] * 10))
    features = network.features(images)
    assert features.shape == (20, FEATURES)
    np.testing.assert_allclose(network.features(images / 255), features, atol=1e-4)


def test_a_network_is_trained_once_and_damage_is_noticed(
    digits: ImageData, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first = feature_network_of(digits)
    assert caplog.text.count("trained to tell 10 classes") == 1
    again = feature_network_of(digits)
    assert caplog.text.count("trained to tell 10 classes") == 1
    assert again.name == first.name
    assert np.array_equal(again.features(digits.test.rows), first.features(digits.test.rows))
    [stored] = cache.glob(f"*/{FILE}")
    content = bytearray(stored.read_bytes())
    content[len(content) // 2] ^= 1
    stored.write_bytes(content)
    assert feature_network_of(digits).name == first.name
    assert "the feature network of digits in the cache is damaged. It is trained anew" in caplog.text
    assert caplog.text.count("trained to tell 10 classes") == 2
    assert clear_cache().startswith(f"1 item removed from {cache}")
    assert not list(cache.glob(f"*/{FILE}"))


def test_without_a_cache_each_evaluation_trains_it(
    digits: ImageData, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAE_CACHE_GB", "0")
    assert feature_network_of(digits).name == trained(digits).name
    assert not cache.exists()


def test_a_cache_that_cannot_be_written_is_done_without(
    blobs: Callable[..., np.ndarray], cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache.write_text("a file in its place")
    network = feature_network_of(of_blobs(blobs))
    assert np.isfinite(network.features(blobs(3))).all()
    assert "The feature network of blobs is trained without a cache" in caplog.text


def test_samples_are_scored_and_no_other_score_changes(small_vae: Any, blobs: Callable[..., np.ndarray]) -> None:
    vae, data = small_vae(), of_blobs(blobs, classes=2)
    plain, scored = (evaluate(vae, data, settings(samples=samples)) for samples in (None, 150))
    assert plain.feature_network is None
    assert scored.feature_network == feature_network_of(data).name
    own = {f"test/{name}" for name in SCORES}
    assert scored.metrics().keys() - plain.metrics().keys() == own
    assert {name: value for name, value in scored.metrics().items() if name not in own} == plain.metrics()
    assert scored == evaluate(vae, data, settings(samples=150))
    assert scored.kid > 3 * scored.kid_standard_error, "an untrained decoder is far off"
    assert scored.sample_coverage < 0.3


def test_a_decoder_that_knows_the_data_has_their_scores() -> None:
    # Noise of which each pixel is normal, and a model whose latents are these pixels.
    pixels = np.random.default_rng(0).normal(0.5, 0.1, (1200, 2, 2, 1))
    images = np.clip(255 * pixels, 0, 255).round().astype(np.uint8)
    good = linear_vae(encoder=np.eye(4), decoder=0.1 * np.eye(4), bias=0.5, shape=(2, 2, 1))
    bad = linear_vae(encoder=np.eye(4), decoder=0.1 * np.eye(4), bias=0.8, shape=(2, 2, 1))
    found, other = (evaluate(each, data_of(images), settings(samples=5000)) for each in (good, bad))
    assert abs(found.kid) < 3 * found.kid_standard_error
    assert found.sample_density == pytest.approx(1, abs=0.1)
    assert found.sample_coverage == pytest.approx(1 - 0.5**5, abs=0.03)
    assert other.kid > 10 * other.kid_standard_error
    assert other.sample_coverage < 0.3


def test_a_model_without_a_prior_is_sampled_from_its_own_codes() -> None:
    images = noise_images(300, (1, 1, 1)) // 8 + 200
    for sampling, lowest in ((True, 0.0), (False, 0.75)):
        vae = linear_vae(encoder=[[10.0]], decoder=[[0.1]], shape=(1, 1, 1), sampling=sampling)
        generated = generated_images(vae, data_of(images), np.zeros(100, int), 0)
        assert generated.shape == (100, 1, 1, 1)
        assert (generated.min() > 0.7) == (not sampling), "codes are 7.8 to 9.1, the prior is around 0"
        assert generated.min() >= lowest - 0.05


def test_a_conditional_model_without_a_prior_is_sampled_from_the_codes_of_each_class(small_vae: Any) -> None:
    # One image a class, so that a class has one code, which is decoded into one image.
    images = noise_images(2, (8, 8, 1))
    vae = small_vae(class_names=("a", "b"), sampling=False)
    labels = np.arange(60) % 2
    of_class, of_the_other = (reconstruct(vae, images[each], np.array([0, 1])) for each in ([0, 1], [1, 0]))
    assert abs(of_class - of_the_other).max() > 0.05
    data = data_of(images[labels], labels)
    np.testing.assert_allclose(generated_images(vae, data, labels, 0), of_class[labels], atol=0.01)
    third = replace(data, train=data.train.take(np.flatnonzero(labels == 0)))
    without = generated_images(vae, third, labels, 0)
    assert np.isfinite(without).all(), "a class without training images has the codes of the others"


def test_samples_of_black_and_white_images_are_black_and_white(
    small_vae: Any, blobs: Callable[..., np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    grey = of_blobs(blobs)
    drawn = Split((blobs(200) > 100) * np.uint8(255), grey.train.labels)
    binary = ImageData("binary", drawn, drawn, drawn, grey.class_names)
    for data, values in ((grey, False), (binary, True)):
        network = feature_network_of(data)
        seen: list[np.ndarray] = []

        def features(images: Any, network: Any = network, seen: list[Any] = seen) -> np.ndarray:
            seen.append(images)
            return np.asarray(type(network).features(network, images))

        listening = type("Listening", (), {"features": staticmethod(features), "name": network.name})
        monkeypatch.setattr("pipeline.evaluation.sample_scores.feature_network_of", lambda _, it=listening: it)
        assert sample_scores(small_vae(), data, data.test, 0)
        assert (set(np.unique(seen[0])) <= {0.0, 1.0}) == values


@pytest.mark.parametrize("number", [1, 5])
def test_too_few_images_have_no_scores(small_vae: Any, blobs: Callable[..., np.ndarray], number: int) -> None:
    data = of_blobs(blobs, number)
    assert sample_scores(small_vae(), data, data.test, 0) == {}


def test_samples_beyond_all_numbers_have_no_scores() -> None:
    vae = linear_vae(encoder=np.eye(4), decoder=np.full((4, 4), np.nan), shape=(2, 2, 1))
    data = data_of(noise_images(20, (2, 2, 1)))
    assert sample_scores(vae, data, data.test, 0) == {}
