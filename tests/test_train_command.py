"""The real command on the embedded digits: what it prints, what it records, what it refuses."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from checkout import Checkout
from PIL import Image

SMALL = ("dataset.limit=300", "model.hidden=[16]", "training.epochs=3")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="module")
def finished(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """One small training, typed in a directory that has nothing to do with the checkout."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    done = checkout.train(*SMALL, "model.latent_dim=3", "tracking.experiment=finished", cwd=elsewhere)
    assert done.returncode == 0, done.stderr
    assert not list(elsewhere.iterdir()), "a command leaves nothing where it was typed"
    return done


def test_the_command_shows_its_progress_and_what_came_of_it(finished: subprocess.CompletedProcess[str]) -> None:
    lines = finished.stdout.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("epoch ")] == ["1/3", "2/3", "3/3"]
    assert "ELBO" in finished.stdout
    assert "make ui" in finished.stdout
    assert finished.stderr == "", "TensorFlow and MLflow keep quiet"


def test_the_run_holds_settings_circumstances_numbers_and_data(
    checkout: Checkout, finished: subprocess.CompletedProcess[str]
) -> None:
    [run] = checkout.runs("finished")
    assert run.info.status == "FINISHED"
    assert run.info.run_id in finished.stdout
    assert run.info.run_name == "limit=300 hidden=[16] epochs=3 latent_dim=3"
    assert run.data.params["model.latent_dim"] == "3"
    assert run.data.params["objective.beta"] == "1"
    assert {"commit", "dirty", "tensorflow", "keras", "python", "device", "threads", "seed"} <= set(run.data.tags)
    assert len(run.data.tags["data_fingerprint"]) == 64
    parts = ("loss", "rate", "distortion", "elbo")
    for split in ("train", "val", "test"):
        rate, distortion, elbo = (run.data.metrics[f"{split}/{part}"] for part in parts[1:])
        assert elbo == pytest.approx(-(rate + distortion), rel=1e-5)
    for metric in ("train/loss", "val/loss", "train/learning_rate", "train/beta", "train/images_per_second"):
        assert [step for step, _ in checkout.history(run.info.run_id, metric)] == [1, 2, 3]
    assert run.data.metrics["test/mse"] > 0
    inputs = {each.tags[0].value: each.dataset for each in run.inputs.dataset_inputs}
    assert set(inputs) == {"train", "validation", "test"}
    assert {dataset.name for dataset in inputs.values()} == {"digits"}


def test_the_run_holds_pictures_and_the_config_that_made_it(
    checkout: Checkout, finished: subprocess.CompletedProcess[str]
) -> None:
    [run] = checkout.runs("finished")
    folder = checkout.artifacts(run.info.run_id)
    for name in ("reconstructions", "latent", "grid", "samples", "losses", "traversals"):
        assert min(Image.open(folder / f"{name}.png").size) > 300
    cards = [path.name for path in (folder / "images").glob("*.png")]
    for key in ("reconstructions", "latent", "grid", "samples"):
        steps = sorted(name.split("+step+")[1].split("+")[0] for name in cards if name.startswith(f"val~{key}+"))
        assert steps == ["0", "1", "2", "3"]
        [final] = (folder / "images").glob(f"test~{key}+step+0+*.png")
        width, height = Image.open(final).size
        assert width == height
    config = yaml.safe_load((folder / "config.yaml").read_text())
    assert config["model"]["latent_dim"] == 3
    assert config["dataset"]["limit"] == 300


def test_the_stored_model_loads_safely_in_a_fresh_process_and_reconstructs(
    checkout: Checkout, finished: subprocess.CompletedProcess[str], tmp_path: Path
) -> None:
    [run] = checkout.runs("finished")
    [model] = checkout.client.search_logged_models([run.info.experiment_id])
    folder = Path(model.artifact_location.removeprefix("file://"))
    assert not [path for path in folder.rglob("*") if path.suffix in {".pkl", ".pickle"}]
    example = np.array(json.loads((folder / "serving_input_example.json").read_text())["inputs"], np.float32)
    np.save(tmp_path / "example.npy", example)
    program = (
        "import sys, numpy as np, mlflow.keras, pipeline.models.vae\n"
        "model = mlflow.keras.load_model(sys.argv[1])\n"
        "example = np.load(sys.argv[2])\n"
        "print(model.predict(example, verbose=0).shape, example.shape)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder), str(tmp_path / "example.npy")],
        env=os.environ | {"PYTHONPATH": str(checkout.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "(2, 8, 8, 1) (2, 8, 8, 1)", done.stderr
    signature = yaml.safe_load((folder / "MLmodel").read_text())["signature"]
    assert json.loads(signature["inputs"])[0]["tensor-spec"]["shape"] == [-1, 8, 8, 1]


def test_equal_seeds_give_equal_numbers_and_seed_0_is_a_seed(checkout: Checkout) -> None:
    losses = {}
    for name, seed in (("first", 0), ("again", 0), ("other", 1)):
        done = checkout.train(*SMALL, f"training.seed={seed}", f"tracking.experiment={name}")
        assert done.returncode == 0, done.stderr
        losses[name] = checkout.history(checkout.runs(name)[0].info.run_id, "val/loss")
    assert losses["first"] == losses["again"]
    assert losses["first"] != losses["other"]


@pytest.mark.parametrize("latent_dim", [1, 2])
def test_small_latent_spaces_have_pictures_too(checkout: Checkout, latent_dim: int) -> None:
    experiment = f"latent{latent_dim}"
    done = checkout.train(*SMALL, f"model.latent_dim={latent_dim}", f"tracking.experiment={experiment}")
    assert done.returncode == 0, done.stderr
    folder = checkout.artifacts(checkout.runs(experiment)[0].info.run_id)
    assert (folder / "grid.png").exists()
    assert not (folder / "traversals.png").exists()


@pytest.mark.skipif(
    "VAE_DATA_DIR" not in os.environ, reason="needs real data: set VAE_DATA_DIR to a folder that has it"
)
@pytest.mark.parametrize(
    ("dataset", "shape", "classes", "at_least"),
    [("mnist", 28, 10, -215), ("fashion", 28, 10, -380), ("emnist_vowels", 28, 5, -280)],
)
def test_another_word_trains_on_other_images(
    checkout: Checkout, dataset: str, shape: int, classes: int, at_least: float
) -> None:
    done = checkout.train(f"dataset={dataset}", "model=conv", "dataset.limit=2000", "training.epochs=4")
    assert done.returncode == 0, done.stderr
    [run] = checkout.runs(dataset)
    losses = [loss for _, loss in checkout.history(run.info.run_id, "val/loss")]
    assert losses[-1] < losses[0]
    assert run.data.metrics["test/elbo"] > at_least
    profile = json.loads(run.inputs.dataset_inputs[0].dataset.profile)
    assert profile["features_shape"][1:] == [shape, shape, 1]
    assert run.data.params["model.parameters"] == str(69_076 + 65_089)


# --- interruptions


LONG = ("dataset.limit=600", "model.hidden=[32]", "model.dropout=0.2", "objective.warmup_epochs=4")
ENDLESS = (*LONG, "training.epochs=100000", "training.patience=null", "tracking.picture_epochs=[]")


def wait_for_epoch(process: subprocess.Popen[str], epoch: int) -> None:
    assert process.stdout
    for line in process.stdout:
        if line.startswith("epoch") and int(line.split()[1].split("/")[0]) >= epoch:
            return
    pytest.fail(f"ended before epoch {epoch}: {process.stderr.read() if process.stderr else ''}")


def wait_for_status(checkout: Checkout, run_id: str, seconds: float = 60) -> str:
    """The status once the run is no longer running."""
    deadline = time.monotonic() + seconds
    status = "RUNNING"
    while status == "RUNNING" and time.monotonic() < deadline:
        time.sleep(0.2)
        status = checkout.client.get_run(run_id).info.status
    return status


def test_a_run_killed_at_any_moment_is_closed_and_resumes_bit_for_bit(checkout: Checkout) -> None:
    settings = (*LONG, "training.epochs=60", "training/schedule=one_cycle", "tracking.picture_epochs=[]")
    whole = checkout.train(*settings, "tracking.experiment=whole")
    assert whole.returncode == 0, whole.stderr
    expected = checkout.runs("whole")[0].info.run_id

    process = checkout.start("pipeline.train", *settings, "tracking.experiment=killed")
    wait_for_epoch(process, 4)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    run_id = checkout.runs("killed")[0].info.run_id
    assert wait_for_status(checkout, run_id) == "KILLED"
    assert f"resume={run_id}" in checkout.client.get_run(run_id).data.tags["mlflow.note.content"]

    done = checkout.train(f"resume={run_id}")
    assert done.returncode == 0, done.stderr
    assert checkout.client.get_run(run_id).info.status == "FINISHED"
    for metric in ("train/loss", "train/rate", "train/beta", "train/learning_rate", "val/loss", "val/distortion"):
        assert checkout.history(run_id, metric) == checkout.history(expected, metric)
    for part in ("test/elbo", "test/mse"):
        assert checkout.history(run_id, part) == checkout.history(expected, part)

    again = checkout.train(f"resume={run_id}")
    assert again.returncode == 2
    assert "is FINISHED and has no checkpoint here" in again.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_tidily_with_what_was_reached(checkout: Checkout, number: int, code: int) -> None:
    experiment = f"signal{number}"
    process = checkout.start("pipeline.train", *ENDLESS, f"tracking.experiment={experiment}")
    wait_for_epoch(process, 2)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in err
    [run] = checkout.runs(experiment)
    assert run.info.status == "KILLED"
    assert re.search(r"\*\*Killed:\*\* Stopped by SIG\w+\. \d+ epochs were done", run.data.tags["mlflow.note.content"])
    assert f"resume={run.info.run_id}" in err


def test_a_run_that_is_still_training_cannot_be_resumed(checkout: Checkout) -> None:
    process = checkout.start("pipeline.train", *ENDLESS, "tracking.experiment=busy")
    try:
        wait_for_epoch(process, 1)
        [run] = checkout.runs("busy")
        second = checkout.train(f"resume={run.info.run_id}")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert second.returncode == 2
    assert f"is still training, in process {process.pid}" in second.stderr


def test_a_run_that_a_power_cut_left_running_is_closed_by_the_next_start(checkout: Checkout) -> None:
    process = checkout.start("pipeline.train", *ENDLESS, "tracking.experiment=cut")
    wait_for_epoch(process, 1)
    [run] = checkout.runs("cut")
    for child in subprocess.check_output(["pgrep", "-P", str(process.pid)], text=True).split():
        os.kill(int(child), signal.SIGKILL)  # the guard
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert checkout.client.get_run(run.info.run_id).info.status == "RUNNING"
    assert checkout.train(*SMALL, "tracking.experiment=next").returncode == 0
    assert checkout.client.get_run(run.info.run_id).info.status == "KILLED"


def test_a_diverging_run_fails_with_epoch_step_and_settings(checkout: Checkout) -> None:
    done = checkout.train(*SMALL, "training.learning_rate=1e30", "tracking.experiment=diverged")
    assert done.returncode == 2
    for phrase in ("in epoch 1 by step", "learning rate 1e+30", "Try a lower training.learning_rate"):
        assert phrase in done.stderr
    assert "Traceback" not in done.stderr
    [run] = checkout.runs("diverged")
    assert run.info.status == "FAILED"
    assert "training.learning_rate" in run.data.tags["mlflow.note.content"]


# --- refusals


@pytest.mark.parametrize(
    ("override", "phrases"),
    [
        ("model.latnt_dim=3", ["model.latnt_dim: no such key", "Did you mean model.latent_dim?"]),
        ("model=cnv", ["Could not find 'model/cnv'", "conv", "dense"]),
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
        (["model=null"], ["model=null: wanted one of the group's options"]),
        (["~model"], ["model: missing"]),
        (["model.latent_dim=???"], ["model.latent_dim: ", "Give it a value: model.latent_dim=…"]),
        (["model.latent_dim=${nothing}"], ["'nothing' not found", "Give it a value: model.latent_dim=…"]),
        (["~training.runtime"], ["training.runtime._target_=null: wanted"]),
        (["trusted=abc"], ["trusted=abc: wanted a valid list"]),
        (["+foo=1"], ["foo: no such key. There are: dataset"]),
        (["trainng.epochs=1"], ["trainng: no such key. Did you mean training?"]),
        (["+training.optimizer.clipnorm=abc"], ["Adam cannot work with these arguments"]),
        (["+training.optimizer.learning_rate=1"], ["Say training.learning_rate"]),
        (["training.optimizer=adamw"], ["choose one with training/optimizer=adamw"]),
        (["tracking.picture_epochs=[-1]"], ["tracking.picture_epochs=[-1]: wanted a number greater than 0"]),
        (["tracking.uri=foo"], ["tracking.uri=foo: MLflow cannot keep runs there", "sqlite:///"]),
        (["tracking.uri=http://127.0.0.1:9"], ["tracking.uri=http://127.0.0.1:9", "no answer", "MLFLOW_TRACKING_URI"]),
        (["resume=nothing"], ["nothing", "not in"]),
        (["resume=nothing", "training.epochs=3"], ["training.epochs=3 cannot be changed"]),
        (["model._target_=os.system"], ["only pipeline, keras may be named", "trusted=[os]"]),
    ],
)
def test_a_mistake_is_refused_by_key_value_and_cure_before_a_run_is_made(
    checkout: Checkout, overrides: list[str], phrases: list[str]
) -> None:
    start = time.monotonic()
    named = [] if overrides[0].startswith("resume") else ["tracking.experiment=refused"]
    done = checkout.train(*overrides, *named)
    assert time.monotonic() - start < 60
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


def test_one_job_of_a_grid_may_fail_and_the_others_go_on(checkout: Checkout) -> None:
    done = checkout.train("-m", "training.learning_rate=1e30,0.001", *SMALL, "tracking.experiment=grid")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert sorted(run.info.status for run in checkout.runs("grid")) == ["FAILED", "FINISHED"]


def test_a_run_is_resumed_with_its_own_data_only_and_from_anywhere(checkout: Checkout, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 255, (300, 8, 8), np.uint8)
    np.savez(tmp_path / "mine.npz", images=images)
    settings = ("dataset=npz", "dataset.dir=mine.npz", *ENDLESS, "dataset.limit=200", "tracking.experiment=mine.npz")
    process = checkout.start("pipeline.train", *settings, cwd=tmp_path)
    wait_for_epoch(process, 2)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    [run] = checkout.runs("mine.npz")

    np.savez(tmp_path / "mine.npz", images=255 - images)
    other = checkout.train(f"resume={run.info.run_id}")
    assert other.returncode == 2
    assert "the data are no longer those that this run began with" in other.stderr
    assert checkout.client.get_run(run.info.run_id).data.tags["data_fingerprint"] == run.data.tags["data_fingerprint"]

    np.savez(tmp_path / "mine.npz", images=images)
    process = checkout.start("pipeline.train", f"resume={run.info.run_id}", cwd=checkout.root)
    wait_for_epoch(process, 3)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert len(checkout.client.get_run(run.info.run_id).inputs.dataset_inputs) == len(run.inputs.dataset_inputs)


def test_a_damaged_checkpoint_is_named_with_the_cure(checkout: Checkout) -> None:
    process = checkout.start("pipeline.train", *ENDLESS, "tracking.experiment=damaged")
    wait_for_epoch(process, 1)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    [run] = checkout.runs("damaged")
    (checkout.root / "mlruns" / "checkpoints" / f"{run.info.run_id}.npz").write_bytes(b"nonsense")
    done = checkout.train(f"resume={run.info.run_id}")
    assert done.returncode == 2
    assert "this checkpoint is damaged" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_in_the_environment_is_used_and_reported_when_down(checkout: Checkout) -> None:
    done = checkout.train(env={"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"})
    assert done.returncode == 2
    assert "tracking.uri=http://127.0.0.1:9: no answer" in done.stderr


def test_starts_at_the_same_moment_share_a_new_database(tmp_path: Path) -> None:
    fresh = Checkout(tmp_path / "fresh")
    processes = [fresh.start("pipeline.train", *SMALL, "tracking.experiment=together") for _ in range(3)]
    for process in processes:
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
    assert [run.info.status for run in fresh.runs("together")] == ["FINISHED"] * 3
