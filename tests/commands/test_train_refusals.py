"""What the real command refuses, by key, value and cure, before a run is made."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import SMALL, Checkout


@pytest.mark.parametrize(
    ("override", "phrases"),
    [
        ("model.latnt_dim=3", ["model.latnt_dim: no such key", "Did you mean model.latent_dim?"]),
        ("model=cnv", ["model=cnv: no such option. Did you mean model=conv? model has: conv, dense"]),
        ("modle=conv", ["modle: no such key", "Did you mean model?"]),
        ("model.filters=[1", ["model.filters=[1"]),
    ],
)
def test_a_mistyped_key_or_choice_is_answered_before_anything_heavy_is_imported(
    checkout: Checkout, override: str, phrases: list[str]
) -> None:
    program = (
        "import sys\n"
        "from pipeline.train import main\n"
        f"sys.argv = ['train', {override!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n"
        "    heavy = {'tensorflow', 'keras', 'mlflow', 'numpy', 'matplotlib', 'pydantic'} & set(sys.modules)\n"
        "    print(end.code, sorted(heavy))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(checkout.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "2 []", done.stderr
    for phrase in phrases:
        assert phrase in done.stderr
    assert "Traceback" not in done.stderr


def test_help_lists_groups_keys_and_three_examples(checkout: Checkout) -> None:
    done = checkout.train("--help")
    assert done.returncode == 0
    for word in ("dataset: digits", "model: conv, dense", "latent_dim: 2", "beta: 1.0", "resume"):
        assert word in done.stdout
    assert done.stdout.count("  python -m pipeline.train ") >= 3


@pytest.mark.parametrize(
    ("overrides", "phrases"),
    [
        (["training.epochs=0"], ["training.epochs=0", "greater than 0", "for example training.epochs=10"]),
        (["training.runtime.threads=0"], ["training.runtime.threads=0", "greater than 0"]),
        (["dataset=mnist", "dataset.dir=/nowhere/at/all"], ["/nowhere/at/all: does not exist", "train-images-idx3"]),
        (["dataset=folder"], ["dataset.dir", "missing"]),
        (["model=conv", "model.filters=[8,8,8,8]"], ["[2, 2, 2, 2]", "(8, 8, 1)", "below one pixel"]),
        (["model=null"], ["model=null: expected one of the group's options"]),
        (["~model"], ["model: missing"]),
        (["model.latent_dim=???"], ["model.latent_dim: ", "Give it a value: model.latent_dim=…"]),
        (["model.latent_dim=${nothing}"], ["'nothing' not found", "Give it a value: model.latent_dim=…"]),
        (["~training.runtime"], ["training.runtime._target_=null: expected"]),
        (["trusted=abc"], ["trusted=abc: expected a valid list"]),
        (["+foo=1"], ["foo: no such key. There are: dataset"]),
        (["trainng.epochs=1"], ["trainng: no such key. Did you mean training.epochs?"]),
        (
            ["+tracking.params.co$t=5"],
            ["tracking.params={'co$t': 5}: expected names of letters, digits and _ . : - alone"],
        ),
        (["+training.optimizer.clipnorm=abc"], ["Adam refused these arguments"]),
        (["+training.optimizer.learning_rate=1"], ["Set training.learning_rate"]),
        (["training.optimizer=adamw"], ["choose one with training/optimizer=adamw"]),
        (["pictures.epochs=[-1]"], ["pictures.epochs=[-1]: expected a number greater than 0"]),
        (["tracking.uri=foo"], ["tracking.uri=foo: MLflow cannot keep runs there", "sqlite:///"]),
        (
            ["tracking.uri=http://127.0.0.1:9", "tracking.offline=never"],
            ["tracking.uri=http://127.0.0.1:9", "no answer", "MLFLOW_TRACKING_URI"],
        ),
        (["tracking.offline=often"], ["tracking.offline=often", "auto", "never", "always"]),
        (["resume=nothing"], ["nothing", "not in"]),
        (["resume=nothing", "training.epochs=3"], ["training.epochs=3 cannot be changed"]),
        (["model._target_=os.system"], ["only pipeline, keras.activations", "trusted=[os]"]),
    ],
)
def test_a_mistake_is_refused_by_key_value_and_cure_before_a_run_is_made(
    checkout: Checkout, overrides: list[str], phrases: list[str]
) -> None:
    named = [] if overrides[0].startswith("resume") else ["tracking.experiment=refused"]
    done = checkout.train(*overrides, *named)
    assert done.returncode == 2
    for phrase in phrases:
        assert phrase in done.stderr
    assert "Traceback" not in done.stderr
    known = checkout.client.get_experiment_by_name("refused")
    assert known is None or not checkout.runs("refused")


def test_a_mistake_beside_configs_of_ones_own_is_explained_too(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "mine.yaml").write_text("# Mine.\ndefaults: [digits]\nname: mine\n")
    done = checkout.train("--config-dir", str(tmp_path), "dataset=mine", "model.latent_dm=3")
    assert done.returncode == 2
    assert "model.latent_dm: no such key. Did you mean model.latent_dim?" in done.stderr
    done = checkout.train("--config-dir", str(tmp_path), "dataset=mine", *SMALL)
    assert done.returncode == 0, done.stderr
    assert checkout.runs("mine")


def test_a_server_in_the_environment_is_used_and_reported_when_down(checkout: Checkout) -> None:
    done = checkout.train("tracking.offline=never", env={"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"})
    assert done.returncode == 2
    assert "tracking.uri=http://127.0.0.1:9: no answer" in done.stderr


def test_starts_at_the_same_moment_share_a_new_database(tmp_path: Path) -> None:
    fresh = Checkout(tmp_path / "fresh")
    processes = [fresh.start("pipeline.train", *SMALL, "tracking.experiment=together") for _ in range(2)]
    for process in processes:
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
    assert [run.info.status for run in fresh.runs("together")] == ["FINISHED"] * 2
