"""Conditional models: what they are told, what of it reaches whom, and a likelihood that is known in closed form."""

from pathlib import Path

import keras
import numpy as np
import pytest
from linear_gaussian import PIXELS, SHAPE, Exact, noise_images, settings
from sklearn.neighbors import KNeighborsClassifier

from pipeline.config.build import build
from pipeline.data.batches import as_floats
from pipeline.data.images import ImageData, Split
from pipeline.errors import InputError
from pipeline.evaluation.annealing import Annealing
from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.likelihood_bound import importance_weighted_nll
from pipeline.latent.encoding import decode_as, encode, reconstruct
from pipeline.models.architecture import Architecture
from pipeline.models.dense import Dense
from pipeline.models.vae import VAE
from pipeline.places import CONF
from pipeline.runs.setup import Setup
from pipeline.runtime import RuntimeSettings
from pipeline.training.fit import fit

OBJECTIVES = sorted(path.stem for path in (CONF / "objective").glob("*.yaml"))


def setup_of(composed, *overrides: str) -> Setup:
    return Setup.from_config(composed("model.conditional=true", "training.patience=null", *overrides))


def trained(composed, folder: Path, *overrides: str) -> tuple[VAE, ImageData, dict[str, list[float]]]:
    setup = setup_of(composed, *overrides)
    data = setup.dataset.load()
    vae = setup.model_for(data)
    return vae, data, fit(vae, data, setup.training, checkpoint=folder / "checkpoint.npz")


def without_class(network: keras.Model, before: int) -> None:
    """Set the weights to 0 by which a network reads classes, behind so many other values of a vector."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.Dense):
            kernel, bias = layer.get_weights()
            kernel[before:] = 0
            layer.set_weights([kernel, bias])
            return


@pytest.mark.parametrize("option", ["dense", "conv"])
def test_only_the_weights_of_the_class_carry_it(composed, option: str) -> None:
    setup = setup_of(composed, f"model={option}", "dataset.limit=200")
    data = setup.dataset.load()
    vae = setup.model_for(data)
    images, latents = as_floats(data.test.images[:5]), np.random.default_rng(0).normal(size=(5, 2)).astype("float32")
    one, other = np.zeros(5, int), np.full(5, 7)
    assert np.abs(vae.decode(latents, one) - vae.decode(latents, other)).max() > 1e-3
    assert np.abs(vae.posterior(images, one).mean - vae.posterior(images, other).mean).max() > 1e-3
    first = next(layer for layer in vae.encoder.layers if isinstance(layer, keras.layers.Concatenate))
    without_class(vae.decoder, 2)
    without_class(vae.encoder, first.output.shape[-1] - 10)
    np.testing.assert_array_equal(vae.decode(latents, one), vae.decode(latents, other))
    np.testing.assert_array_equal(vae.posterior(images, one).mean, vae.posterior(images, other).mean)


def test_labels_are_given_exactly_where_the_model_is_conditional(small_vae) -> None:
    latents = np.zeros((3, 2), "float32")
    with pytest.raises(ValueError, match="exactly where the model is conditional"):
        small_vae().decode(latents, np.zeros(3, int))
    with pytest.raises(ValueError, match="exactly where the model is conditional"):
        small_vae(class_names=("a", "b")).decode(latents)


def test_each_of_several_latents_of_an_image_is_decoded_as_its_class(small_vae, composed, blobs) -> None:
    objective = build(composed("objective=iwae", "objective.samples=3")["objective"], "objective")
    vae = small_vae(objective=objective, class_names=("a", "b", "c"))
    images, labels = as_floats(blobs(4)), np.array([2, 0, 1, 1])
    passed = vae((images, labels))
    assert passed["latents"].shape == (3, 4, 2)
    outputs = np.reshape(passed["outputs"], (3, 4, 8, 8, 1))
    for latents, its in zip(passed["latents"], outputs, strict=True):
        np.testing.assert_allclose(vae.outputs(latents, labels), its, atol=1e-6)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_trains_and_scores_a_conditional_model_in_mixed_precision(
    name: str, composed, small_vae, blobs, tmp_path: Path
) -> None:
    try:
        overrides = ("training.epochs=1", "training.runtime.precision=mixed_bfloat16")
        setup = setup_of(composed, f"objective={name}", *overrides)
        vae = small_vae(objective=setup.objective, class_names=("a", "b"))
        split = Split(blobs(160), np.arange(160) % 2)
        data = ImageData("blobs", split, split.take(np.arange(60)), split, ("a", "b"))
        history = fit(vae, data, setup.training, checkpoint=tmp_path / "checkpoint.npz")
        assert all(np.isfinite(values).all() for values in history.values())
        scores = evaluate(vae, data, settings())
        assert np.isfinite([scores.loss, scores.elbo, scores.mse]).all()
    finally:
        RuntimeSettings(precision="float32", threads=None).apply()


class ExactGivenClass:
    """x = z W + b + s of its class + noise, whose posterior is the true one and whose likelihood is known."""

    def __init__(self) -> None:
        self.exact = Exact()
        self.shifts = np.random.default_rng(1).normal(0, 0.2, (3, PIXELS))  # [classes, P]

    def vae(self) -> VAE:
        plain = self.exact.vae()
        classes = keras.Input((3,))
        parts = {}
        for name, network in (("encoder", plain.encoder), ("decoder", plain.decoder)):
            values = keras.Input(network.input_shape[1:])
            moved = keras.layers.Dense(PIXELS, use_bias=False)
            shift = keras.layers.Reshape(SHAPE)(moved(classes))
            moved.set_weights([self.shifts])
            if name == "encoder":
                outputs = network(keras.layers.Subtract()([values, shift]))
            else:
                outputs = keras.layers.Add()([network(values), shift])
            parts[name] = keras.Model([values, classes], outputs)
        return VAE(**parts, likelihood=plain.likelihood, objective=plain.objective, class_names=("a", "b", "c"))

    def nll(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """−log p(x | class), nats, [N]."""
        flat = images.reshape(len(images), -1) - 255 * self.shifts[labels]
        return self.exact.nll(flat)


def test_with_the_true_posterior_the_bound_is_the_likelihood_given_the_class() -> None:
    images, labels = noise_images(30), np.arange(30) % 3
    model = ExactGivenClass()
    vae = model.vae()
    bound = importance_weighted_nll(vae, encode(vae, images, labels), 4, seed=0)
    np.testing.assert_allclose(bound, model.nll(images, labels), rtol=1e-4, atol=2e-3)
    wrong = importance_weighted_nll(vae, encode(vae, images, (labels + 1) % 3), 4, seed=0)
    assert np.abs(wrong - model.nll(images, labels)).max() > 1


def test_annealing_carries_latents_to_the_likelihood_given_the_class() -> None:
    """From the true posterior on it is exact, and so is the way back from what the model draws of each class."""
    images, labels = noise_images(30), np.arange(30) % 3
    model = ExactGivenClass()
    vae = model.vae()
    annealing = Annealing(vae, 3, seed=0)
    bound = annealing.nll(encode(vae, images, labels))
    np.testing.assert_allclose(bound, model.nll(images, labels), rtol=1e-4, atol=2e-3)
    bracket = annealing.bracket(30, labels)
    assert bracket
    np.testing.assert_allclose(*bracket, rtol=1e-4, atol=2e-3)


def test_a_stored_model_knows_its_classes(small_vae, blobs, tmp_path: Path) -> None:
    vae = small_vae(class_names=("cat", "dog"))
    images, labels = as_floats(blobs(6)), np.array([0, 1, 1, 0, 1, 0])
    vae((images, labels))
    vae.save(tmp_path / "it.keras")
    loaded = keras.saving.load_model(tmp_path / "it.keras")
    assert (loaded.class_names, loaded.conditional) == (("cat", "dog"), True)
    assert (loaded.image_shape, loaded.latent_dim) == ((8, 8, 1), 2)
    np.testing.assert_array_equal(loaded.reconstruct(images, labels), vae.reconstruct(images, labels))


class OfBefore(Dense):
    """An architecture of a user's own, as it was written before there were conditional models."""

    def encoder(self, image_shape: tuple[int, int, int]) -> keras.Model:  # type: ignore[override]
        return super().encoder(image_shape)

    def decoder(self, image_shape: tuple[int, int, int]) -> keras.Model:  # type: ignore[override]
        return super().decoder(image_shape)


def test_an_architecture_that_knows_no_classes_makes_a_model(small_vae, composed) -> None:
    made = Setup.from_config(composed("model.hidden=[8]")).model
    vae = small_vae(architecture=OfBefore(**vars(made)))
    assert not vae.conditional


def test_a_model_stored_before_there_were_conditional_ones_is_none(small_vae) -> None:
    config = small_vae().get_config()
    del config["class_names"]
    assert not VAE.from_config(config).conditional


def test_a_short_training_makes_an_image_of_the_class_that_is_asked_for(composed, tmp_path: Path) -> None:
    vae, data, _ = trained(composed, tmp_path, "training.epochs=20")
    flat = lambda images: images.reshape(len(images), -1)  # noqa: E731
    neighbours = KNeighborsClassifier(3).fit(flat(data.train.images) / 255, data.train.labels)
    assert neighbours.score(flat(data.test.images) / 255, data.test.labels) > 0.95
    shown = data.test.take(np.arange(60))
    means = encode(vae, shown.rows, shown.labels).mean
    swapped = decode_as(vae, means, np.arange(10))
    said = np.stack([neighbours.predict(flat(images)) for images in swapped])
    assert (said == np.arange(10)[:, None]).mean() > 0.8
    own = reconstruct(vae, shown.images, shown.labels)
    np.testing.assert_allclose(own, swapped[shown.labels, np.arange(60)], atol=1e-6)
    scores = evaluate(vae, data, settings(linear_probe=100, samples=100, annealing_steps=3, annealing_images=3))
    assert (scores.knn_accuracy, scores.linear_probe_accuracy) == (None, None), "the encoder is told the class"
    assert np.isfinite([scores.kid, scores.nll_ais, scores.bdmc_gap]).all()


def test_a_resumed_training_is_bit_for_bit_the_same(composed, tmp_path: Path) -> None:
    small = ("dataset.limit=300", "model.hidden=[8]")
    *_, whole = trained(composed, tmp_path / "whole", *small, "training.epochs=3")
    trained(composed, tmp_path / "parts", *small, "training.epochs=1")
    *_, resumed = trained(composed, tmp_path / "parts", *small, "training.epochs=3")
    of_time = "train/epoch/images_per_second"
    assert resumed | {of_time: 0} == whole | {of_time: 0}


def test_images_of_one_class_are_refused_with_the_cure(composed, blobs) -> None:
    split = Split(blobs(9), np.zeros(9, int))
    with pytest.raises(InputError, match=r"of blobs are of one class \(a\), or have no labels.*one folder per class"):
        setup_of(composed).model_for(ImageData("blobs", split, split, split, ("a", "b")))


class Blind(Dense):
    """An architecture of before, whose features take images alone."""

    def features(self, images):
        return super().features(images)


def test_an_architecture_that_takes_no_classes_is_refused_where_it_is_given_some(composed) -> None:
    settings = {key: value for key, value in composed("model.conditional=true")["model"].items() if key != "_target_"}
    blind: Architecture = Blind(**settings)
    assert blind.encoder((8, 8, 1)).inputs[0].shape[1:] == (8, 8, 1)
    with pytest.raises(InputError, match="the method features of Blind takes images alone; expected a second"):
        blind.encoder((8, 8, 1), 3)
