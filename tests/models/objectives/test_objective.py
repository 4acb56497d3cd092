"""Laws that every objective of `conf/objective/` obeys."""

from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
from passes import made

from pipeline.config.build import build
from pipeline.data.images import ImageData, Split
from pipeline.errors import InputError
from pipeline.models.objectives.weight_schedule import Constant
from pipeline.models.objectives.weighted_elbo import WeightedElbo
from pipeline.places import CONF
from pipeline.runtime import RuntimeSettings
from pipeline.training.fit import fit

ALL = sorted(path.stem for path in (CONF / "objective").glob("*.yaml"))


def trained(name: str, composed, small_vae, blobs, folder: Path, *overrides: str) -> tuple[keras.Model, dict]:
    """A small model after three epochs, and its history."""
    from pipeline.runs.setup import Setup

    setup = Setup.from_config(composed(f"objective={name}", "training.epochs=3", "training.patience=null", *overrides))
    vae = small_vae(objective=setup.objective)
    split = Split(blobs(200), np.zeros(200, int))
    data = ImageData("blobs", split, split.take(np.arange(60)), split, ("a",))
    return vae, fit(vae, data, setup.training, checkpoint=folder / "checkpoint.npz")


@pytest.mark.parametrize("name", ALL)
def test_a_training_is_finite_and_has_the_same_scores_whatever_is_minimised(
    name: str, composed, small_vae, blobs, tmp_path: Path
) -> None:
    vae, history = trained(name, composed, small_vae, blobs, tmp_path)
    scores = {"loss", "rate", "distortion", "elbo"}
    recorded = {key.rpartition("/")[2] for key in history}
    assert scores | {"learning_rate", "images_per_second", vae.objective.scheduled} == recorded
    assert all(np.isfinite(values).all() for values in history.values())
    for split in ("train", "validation"):
        parts = [np.array(history[f"{split}/epoch/{score}"]) for score in ("rate", "distortion", "elbo")]
        np.testing.assert_allclose(parts[2], -(parts[0] + parts[1]), rtol=1e-5)


@pytest.fixture
def half_precision() -> Iterator[str]:
    """The setting of mixed precision, which is the process's."""
    yield "training.runtime.precision=mixed_bfloat16"
    RuntimeSettings(precision="float32", threads=None).apply()


@pytest.mark.parametrize("name", ALL)
def test_a_training_in_mixed_precision_is_finite(
    name: str, half_precision: str, composed, small_vae, blobs, tmp_path: Path
) -> None:
    vae, history = trained(name, composed, small_vae, blobs, tmp_path, half_precision)
    assert vae.encoder.layers[-1].compute_dtype == "bfloat16"
    assert all(np.isfinite(values).all() for values in history.values())


@pytest.mark.parametrize("name", ALL)
def test_a_stored_model_has_its_objective(name: str, composed, small_vae, tmp_path: Path) -> None:
    objective = build(composed(f"objective={name}")["objective"], "objective")
    vae = small_vae(objective=objective)
    vae.save(tmp_path / "it.keras")
    assert keras.saving.load_model(tmp_path / "it.keras").objective == objective


@pytest.mark.parametrize("name", ["vae", "control", "capacity", "beta_tc", "dreg"])
def test_a_resumed_training_is_bit_for_bit_the_same(name: str, composed, small_vae, blobs, tmp_path: Path) -> None:
    _, whole = trained(name, composed, small_vae, blobs, tmp_path / "whole")
    trained(name, composed, small_vae, blobs, tmp_path / "parts", "training.epochs=1")
    _, resumed = trained(name, composed, small_vae, blobs, tmp_path / "parts")
    of_time = "train/epoch/images_per_second"
    assert {**resumed, of_time: 0} == {**whole, of_time: 0}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("capacity", "would move capacity; expected a weight that lowers the rate. Choose another objective"),
        ("mmd", r"would move discrepancy_weight; .* Set objective\.schedule\.of=beta"),
        ("rae_l2", "would move beta; expected a weight that lowers the rate. Choose another objective"),
    ],
)
def test_a_controller_of_what_does_not_lower_the_rate_is_refused(name: str, said: str, composed) -> None:
    with pytest.raises(InputError, match=said):
        build(composed(f"objective={name}", "objective/schedule=by_rate")["objective"], "objective")


def test_a_controller_whose_bounds_are_exchanged_is_refused(composed) -> None:
    typed = ("objective=control", "objective.schedule.least=5", "objective.schedule.most=1")
    with pytest.raises(InputError, match=r"schedule\.least=5 is above schedule\.most=1"):
        build(composed(*typed)["objective"], "objective")


def test_a_schedule_of_a_weight_that_the_objective_lacks_is_refused() -> None:
    settings = {"beta": 1.0, "distortion_weight": 1.0, "free_bits": 0.0, "sampling": True}
    with pytest.raises(InputError, match=r"schedule\.of=gamma: expected a weight of this objective: beta, dis"):
        made(WeightedElbo, **settings, schedule=Constant(of="gamma"))
