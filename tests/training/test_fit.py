"""Trainings of a few epochs: reproducible, resumable to the bit, stopped in time, and refused when they diverge."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from pipeline.data.images import ImageData, Split
from pipeline.errors import InputError
from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.settings import EvaluationSettings
from pipeline.models.objectives.weight_schedule import Warmup
from pipeline.models.vae import VAE
from pipeline.runtime import RuntimeSettings
from pipeline.training.fit import NonFiniteLoss, fit
from pipeline.training.schedule import Constant, Cosine, Steps
from pipeline.training.settings import TrainingSettings

ONE_CYCLE = Cosine(rise=0.3, start=0.04, end=0.0001)
PARTS = ("loss", "rate", "distortion", "elbo")


def settings(**changed) -> TrainingSettings:
    plain = {"epochs": 3, "batch_size": 16, "patience": None, "seed": 0, "learning_rate": 0.01}
    plain |= {"optimizer": keras.optimizers.Adam(), "schedule": Constant(), "steps_per_execution": 2}
    plain |= {"jit_compile": False, "runtime": RuntimeSettings(precision="float32", threads=None)}
    return TrainingSettings(**plain | changed)


def split(images: np.ndarray) -> Split:
    return Split(images, np.zeros(len(images), "int64"))


@pytest.fixture(scope="module")
def data(blobs) -> ImageData:
    """50 images to train on: three batches of 16 and one of 2."""
    parts = (split(blobs(number, seed)) for number, seed in ((50, 0), (30, 1), (10, 2)))
    return ImageData("blobs", *parts, class_names=("blob",))


@pytest.fixture(scope="module")
def misleading(blobs) -> ImageData:
    """What is learned from black images with a white spot is wrong for white ones with a black spot."""
    parts = (split(blobs(50, 0)), split(255 - blobs(30, 1)), split(blobs(10, 2)))
    return ImageData("misleading", *parts, class_names=("blob",))


def timeless(history) -> dict[str, list[float]]:
    return {name: values for name, values in history.items() if name != "train/epoch/images_per_second"}


def same_weights(one: VAE, other: VAE) -> bool:
    return all(np.array_equal(*pair) for pair in zip(one.get_weights(), other.get_weights(), strict=True))


# Reproducible.


@pytest.fixture(scope="module")
def plain_run(data, small_vae, tmp_path_factory) -> tuple[VAE, dict[str, list[float]]]:
    vae = small_vae(beta=2.0, distortion_weight=0.5)
    return vae, fit(vae, data, settings(), checkpoint=tmp_path_factory.mktemp("plain") / "checkpoint.npz")


def test_history_has_every_metric_after_every_epoch(plain_run) -> None:
    _, history = plain_run
    names = {f"{split}/epoch/{part}" for split in ("train", "validation") for part in PARTS}
    assert set(history) == names | {"train/epoch/learning_rate", "train/epoch/beta", "train/epoch/images_per_second"}
    assert {len(values) for values in history.values()} == {3}
    assert history["train/epoch/learning_rate"] == pytest.approx([0.01] * 3)
    assert min(history["train/epoch/images_per_second"]) > 0


@pytest.mark.parametrize("part", ["train/epoch", "validation/epoch"])
def test_recorded_loss_equals_its_recorded_parts_over_a_ragged_epoch(plain_run, part: str) -> None:
    _, history = plain_run
    loss, rate, distortion, elbo = (np.array(history[f"{part}/{name}"]) for name in PARTS)
    np.testing.assert_allclose(loss, 0.5 * distortion + 2 * rate, rtol=1e-5)
    np.testing.assert_allclose(elbo, -(distortion + rate), rtol=1e-5)


def test_training_makes_images_it_has_not_seen_more_likely(plain_run) -> None:
    _, history = plain_run
    assert history["validation/epoch/loss"][-1] < history["validation/epoch/loss"][0]
    assert history["train/epoch/loss"][-1] < history["train/epoch/loss"][0]


def test_same_seed_gives_the_same_bits_and_steps_per_execution_changes_none(plain_run, data, small_vae, tmp_path):
    vae, history = plain_run
    again = small_vae(beta=2.0, distortion_weight=0.5)
    repeated = fit(again, data, settings(steps_per_execution=3), checkpoint=tmp_path / "checkpoint.npz")
    assert timeless(repeated) == timeless(history)
    assert same_weights(again, vae)


def test_another_seed_gives_another_training_of_the_same_start(plain_run, data, small_vae, tmp_path) -> None:
    _, history = plain_run
    other = fit(
        small_vae(beta=2.0, distortion_weight=0.5), data, settings(seed=1, epochs=1), checkpoint=tmp_path / "c.npz"
    )
    assert other["train/epoch/loss"][0] != history["train/epoch/loss"][0]


def test_one_settings_object_serves_two_trainings_alike(data, small_vae, tmp_path) -> None:
    once = settings(epochs=1, optimizer=keras.optimizers.SGD(momentum=0.9, clipnorm=1.0), schedule=ONE_CYCLE)
    first, second = (fit(small_vae(), data, once, checkpoint=tmp_path / f"{name}.npz") for name in "ab")
    assert timeless(first) == timeless(second)


# Stopped in time.


def validation_loss(vae: VAE, data: ImageData) -> float:
    others = {"linear_probe": None, "samples": None, "annealing_steps": None, "annealing_images": None}
    names = ("importance_samples", "nll_images", "information_images", "neighbours", "neighbour_images")
    few = dict.fromkeys((*names, "factor_samples"), 1) | others
    return evaluate(vae, data, EvaluationSettings(**few, seed=0, split="validation")).loss


@pytest.fixture(scope="module")
def stopped_run(misleading, small_vae, tmp_path_factory) -> tuple[VAE, dict[str, list[float]], Path]:
    """A training whose validation loss gets better at first and worse later; nothing is drawn, so numbers are exact."""
    path = tmp_path_factory.mktemp("stopped") / "checkpoint.npz"
    vae = small_vae(sampling=False)
    return vae, fit(vae, misleading, settings(epochs=12, patience=2), checkpoint=path), path


def test_early_stopping_leaves_the_best_weights(stopped_run, misleading) -> None:
    vae, history, _ = stopped_run
    losses = history["validation/epoch/loss"]
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + 2 < 12
    assert validation_loss(vae, misleading) == pytest.approx(min(losses), rel=1e-5)
    assert losses[-1] > min(losses) * 1.001


def test_training_that_stopped_early_is_not_trained_further(stopped_run, misleading, small_vae) -> None:
    vae, history, path = stopped_run
    resumed = small_vae(sampling=False, seed=5)
    assert fit(resumed, misleading, settings(epochs=12, patience=2), checkpoint=path) == history
    assert same_weights(resumed, vae)


def test_without_patience_all_epochs_are_trained_and_the_last_weights_kept(misleading, small_vae, tmp_path) -> None:
    vae = small_vae(sampling=False)
    history = fit(vae, misleading, settings(epochs=6), checkpoint=tmp_path / "checkpoint.npz")
    losses = history["validation/epoch/loss"]
    assert len(losses) == 6
    assert losses[-1] > min(losses)
    assert validation_loss(vae, misleading) == pytest.approx(losses[-1], rel=1e-5)
    finished = small_vae(sampling=False, seed=5)
    assert fit(finished, misleading, settings(epochs=6), checkpoint=tmp_path / "checkpoint.npz") == history
    assert same_weights(finished, vae)


# Interrupted and resumed.


def stop_after(epoch: int) -> Callable[[int, dict[str, float]], None]:
    def listener(done: int, _: dict[str, float]) -> None:
        if done == epoch:
            raise KeyboardInterrupt

    return listener


@pytest.fixture(scope="module")
def everything(data, small_vae) -> Callable[..., tuple[VAE, dict[str, list[float]]]]:
    """A training with all that has a state: dropout, noise, warm-up, a schedule, momentum, early stopping."""

    def run(path: Path, **how) -> tuple[VAE, dict[str, list[float]]]:
        vae = small_vae(dropout=0.3, beta=2.0, schedule=Warmup(of=None, epochs=3))
        return vae, fit(vae, data, settings(epochs=5, patience=4, schedule=ONE_CYCLE), checkpoint=path, **how)

    return run


@pytest.fixture(scope="module")
def uninterrupted(everything, tmp_path_factory):
    return everything(tmp_path_factory.mktemp("whole") / "checkpoint.npz")


def test_beta_warms_up_while_validation_has_the_final_weights(uninterrupted) -> None:
    _, history = uninterrupted
    assert history["train/epoch/beta"] == pytest.approx([0, 2 / 3, 4 / 3, 2, 2])
    loss, rate, distortion = (np.array(history[f"validation/epoch/{name}"]) for name in PARTS[:3])
    np.testing.assert_allclose(loss, distortion + 2 * rate, rtol=1e-5)
    assert history["train/epoch/loss"][0] == pytest.approx(history["train/epoch/distortion"][0], rel=1e-5)


def test_learning_rate_follows_its_schedule(uninterrupted) -> None:
    _, history = uninterrupted
    rate = ONE_CYCLE(0.01, epochs=5, steps_per_epoch=4)
    rates = [float(rate(4 * epoch)) for epoch in range(1, 6)]
    assert history["train/epoch/learning_rate"] == pytest.approx(rates, rel=1e-5)


@pytest.mark.parametrize("epoch", [1, 2, 4])
def test_resumed_training_equals_the_uninterrupted_to_the_bit(everything, uninterrupted, tmp_path, epoch: int) -> None:
    path = tmp_path / "new" / "checkpoint.npz"
    with pytest.raises(KeyboardInterrupt):
        everything(path, listeners=[stop_after(epoch)])
    assert path.exists() == (epoch > 1), "an epoch counts once it is recorded and saved"
    path.parent.mkdir(exist_ok=True)
    path.with_suffix(".unfinished").write_bytes(b"killed while writing")
    heard: list[int] = []
    vae, history = everything(path, listeners=[lambda done, _: heard.append(done)])
    assert heard == list(range(epoch, 6))
    assert timeless(history) == timeless(uninterrupted[1])
    assert same_weights(vae, uninterrupted[0])
    assert not path.with_suffix(".unfinished").exists()


def test_resumed_training_meets_the_same_drawn_pixels_to_the_bit(data, small_vae, tmp_path) -> None:
    drawing = replace(data, drawn_each_epoch=True)
    stepping = settings(schedule=Steps(milestones=[1, 2], factor=0.5))

    def trained(images: ImageData, name: str, **how) -> tuple[VAE, dict[str, list[float]]]:
        vae = small_vae()
        return vae, fit(vae, images, stepping, checkpoint=tmp_path / name, **how)

    whole, history = trained(drawing, "whole.npz")
    assert history["train/epoch/loss"] != trained(data, "grey.npz")[1]["train/epoch/loss"]
    with pytest.raises(KeyboardInterrupt):
        trained(drawing, "parts.npz", listeners=[stop_after(2)])
    resumed, resumed_history = trained(drawing, "parts.npz")
    assert timeless(resumed_history) == timeless(history)
    assert same_weights(resumed, whole)


# Refused.


def test_diverged_training_is_refused_with_epoch_step_and_settings(data, small_vae, tmp_path) -> None:
    heard: list[int] = []
    path = tmp_path / "checkpoint.npz"
    with pytest.raises(
        NonFiniteLoss, match=r"^the training loss became (nan|inf) in epoch 1 by step [234] \("
    ) as refused:
        fit(
            small_vae(),
            data,
            settings(learning_rate=1e30, steps_per_execution=1),
            checkpoint=path,
            listeners=[lambda done, _: heard.append(done)],
        )
    message = str(refused.value)
    assert "(learning rate 1e+30, beta 1, batch size 16, precision float32)" in message
    assert "Try a lower training.learning_rate, +training.optimizer.clipnorm=1, or objective/schedule=warmup" in message
    assert isinstance(refused.value, InputError)
    assert not heard
    assert not path.exists()


def test_divergence_in_the_epochs_last_step_shows_in_validation(data, small_vae, tmp_path) -> None:
    with pytest.raises(NonFiniteLoss, match=r"^the validation loss became (nan|inf) in epoch 1 by its end \("):
        fit(small_vae(), data, settings(learning_rate=1e30, batch_size=50), checkpoint=tmp_path / "checkpoint.npz")
