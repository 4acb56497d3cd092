"""A run records the option chosen of each config group, whichever way it was composed, and `from=` chooses it again."""

from pathlib import Path

import pytest
import yaml
from checkout import SMALL, Checkout
from mlflow.entities import Run

from pipeline.runs.training_key import training_key
from pipeline.tracking.tags import TRAINING_KEY

pytestmark = pytest.mark.slow

PRESET = """# @package _global_
# A preset of the user's own.
defaults:
  - override /dataset: own
  - override /model: conv
  - override /training: brief_patience
model:
  filters: [4, 8]
tracking:
  experiment: preset
"""
SPACE = """# @package _global_
# A space of the user's own.
defaults:
  - study@sweep
sweep:
  study: own_space
  n_trials: 2
  space:
    training/optimizer: choice(adam, sgd)
"""
TINY = ("dataset.limit=200", "training.epochs=1", "pictures=few", "pictures.final=[]")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of configs of the user's own: a data set, a preset and a sweep."""
    folder = tmp_path_factory.mktemp("configs of one's own")
    texts = {"dataset/own": "# Own digits.\ndefaults: [digits]\nname: own\n", "experiment/mine": PRESET}
    for name, text in (texts | {"sweep/mine": SPACE}).items():
        file = folder / f"{name}.yaml"
        file.parent.mkdir()
        file.write_text(text)
    return folder


def config_of(checkout: Checkout, run: Run) -> dict:
    return yaml.safe_load((checkout.artifacts(run.info.run_id) / "config.yaml").read_text())


def choices_of(checkout: Checkout, run: Run) -> dict:
    return config_of(checkout, run)["choices"]


@pytest.fixture(scope="module")
def preset(checkout: Checkout, own: Path) -> Run:
    done = checkout.train("--config-dir", str(own), "experiment=mine", "training/optimizer=sgd", *TINY)
    assert done.returncode == 0, done.stderr
    return checkout.runs("preset")[0]


def test_the_choices_of_a_preset_and_of_the_command_line_are_recorded(checkout: Checkout, preset: Run) -> None:
    assert choices_of(checkout, preset) == {
        "dataset": "own",
        "evaluation": "default",
        "experiment": "mine",
        "likelihood": "bernoulli",
        "model": "conv",
        "objective": "vae",
        "pictures": "few",
        "sweep": "points",
        "tracking": "mlflow",
        "training": "brief_patience",
        "training/optimizer": "sgd",
        "objective/schedule": "constant",
        "training/schedule": "constant",
    }


def test_from_chooses_them_again(checkout: Checkout, own: Path, preset: Run) -> None:
    done = checkout.train(
        *(
            "--config-dir",
            str(own),
            f"from={preset.info.run_id}",
            "tracking.experiment=again",
            "training/optimizer=adam",
        )
    )
    assert done.returncode == 0, done.stderr
    [again] = checkout.runs("again")
    before, after = config_of(checkout, preset), config_of(checkout, again)
    assert after["choices"] == before["choices"] | {"experiment": None, "training/optimizer": "adam"}
    assert after["model"] == before["model"]
    assert after["dataset"] == before["dataset"]
    assert after["training"]["patience"] == 2
    assert again.info.run_name == "dataset=own model=conv training=brief_patience limit=200 filters=[4,8] epochs=1"


def test_an_option_that_is_gone_is_named_with_the_cure(checkout: Checkout, preset: Run) -> None:
    done = checkout.train(f"from={preset.info.run_id}")
    assert done.returncode == 2
    assert done.stderr == (
        f"from={preset.info.run_id}: this run was trained with dataset=own, and there is no such option here. Add the "
        "--config-dir that has it, or choose another: dataset=…\n"
    )
    done = checkout.train(f"from={preset.info.run_id}", "dataset=digits", "tracking.experiment=other_data")
    assert done.returncode == 0, done.stderr
    assert choices_of(checkout, checkout.runs("other_data")[0])["dataset"] == "digits"


def test_each_training_of_a_family_records_its_own(checkout: Checkout) -> None:
    done = checkout.train(
        "-m", "objective=vae,autoencoder", "training=brief_patience", "tracking.experiment=both", *SMALL
    )
    assert done.returncode == 0, done.stderr
    children = checkout.runs("both", "tags.`mlflow.parentRunId` != ''")
    choices = [choices_of(checkout, run) for run in children]
    assert {each["objective"] for each in choices} == {"vae", "autoencoder"}
    assert {each["training"] for each in choices} == {"brief_patience"}


def test_each_trial_of_a_study_records_its_own(checkout: Checkout, own: Path) -> None:
    study = ("sweep=mine", "sweep/sampler=grid", "tracking.experiment=trials")
    done = checkout.train("-m", "--config-dir", str(own), *study, *TINY[:2])
    assert done.returncode == 0, done.stderr
    choices = [choices_of(checkout, run) for run in checkout.runs("trials", "tags.trial != ''")]
    assert {each["training/optimizer"] for each in choices} == {"adam", "sgd"}
    assert {(each["sweep"], each["sweep/sampler"], each["pictures"]) for each in choices} == {("mine", "grid", "cards")}


def test_what_was_chosen_makes_no_training_another(checkout: Checkout) -> None:
    chosen, set_by_hand = ["training=brief_patience"], ["training.patience=2"]
    for name, overrides in {"chosen": chosen, "by_hand": set_by_hand}.items():
        done = checkout.train(*overrides, f"tracking.experiment={name}", *SMALL)
        assert done.returncode == 0, done.stderr
    runs = [checkout.runs(name)[0] for name in ("chosen", "by_hand")]
    configs = [config_of(checkout, run) for run in runs]
    assert configs[0]["choices"] != configs[1]["choices"]
    assert len({training_key(config, "fingerprint") for config in configs}) == 1
    assert len({run.data.tags[TRAINING_KEY] for run in runs}) == 1
    done = checkout.run("pipeline.reproduce", f"run={runs[0].info.run_id}")
    assert done.returncode == 0, done.stdout + done.stderr
