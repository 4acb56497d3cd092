"""The real command: what it prints, and what it records of embedded digits, real data and a user's own images."""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import yaml
from checkout import SMALL, WITH_PICTURES, Checkout
from data_files import real_data, serving, write_idx_set
from PIL import Image

from pipeline.metric_names import LOSS


@pytest.fixture(scope="module")
def finished(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """One small training, typed in a directory that has nothing to do with the checkout."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    done = checkout.train(*WITH_PICTURES, "model.latent_dim=3", "tracking.experiment=finished", cwd=elsewhere)
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
    of_the_machine = {"tensorflow", "keras", "python", "device", "threads"}
    assert {"pipeline", "commit", "dirty", "seed", *of_the_machine} <= set(run.data.tags)
    assert len(run.data.tags["data_fingerprint"]) == 64
    parts = ("loss", "rate", "distortion", "elbo")
    for split in ("train/epoch", "validation/epoch", "test"):
        rate, distortion, elbo = (run.data.metrics[f"{split}/{part}"] for part in parts[1:])
        assert elbo == pytest.approx(-(rate + distortion), rel=1e-5)
    for metric in (*(f"train/epoch/{name}" for name in ("loss", "learning_rate", "beta", "images_per_second")), LOSS):
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
    files = {path.name for path in folder.iterdir() if path.is_file()}
    assert files == {
        *(f"{name}.png" for name in ("reconstructions", "latent", "grid", "plane", "samples", "losses", "traversals")),
        *(f"{name}.png" for name in ("data", "structure", "interpolations", "evolution", "latent_steps")),
        *("latent_film.gif", "latent_interactive.html", "model.txt", "config.yaml", "test_scores.parquet"),
    }
    for name in files - {"latent_interactive.html", "model.txt", "config.yaml", "test_scores.parquet"}:
        assert min(Image.open(folder / name).size) > 300, name
    cards = [path.name for path in (folder / "images").glob("*.png")]
    for key in ("reconstructions", "latent", "grid", "samples"):
        steps = sorted(
            name.split("+step+")[1].split("+")[0] for name in cards if name.startswith(f"validation~epoch~{key}+")
        )
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
    example = np.array(json.loads((folder / "serving_input_example.json").read_text())["inputs"]["images"], np.float32)
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
    assert [each["name"] for each in json.loads(signature["inputs"])] == ["images", "latents"]


def test_equal_seeds_give_equal_numbers_and_seed_0_is_a_seed(checkout: Checkout) -> None:
    losses = {}
    for name, seed in (("first", 0), ("again", 0), ("other", 1)):
        done = checkout.train(*SMALL, f"training.seed={seed}", f"tracking.experiment={name}")
        assert done.returncode == 0, done.stderr
        losses[name] = checkout.history(checkout.runs(name)[0].info.run_id, "validation/epoch/loss")
    assert losses["first"] == losses["again"]
    assert losses["first"] != losses["other"]


@pytest.mark.parametrize("latent_dim", [1, 2])
def test_small_latent_spaces_have_pictures_too(checkout: Checkout, latent_dim: int) -> None:
    experiment = f"latent{latent_dim}"
    done = checkout.train(*WITH_PICTURES, f"model.latent_dim={latent_dim}", f"tracking.experiment={experiment}")
    assert done.returncode == 0, done.stderr
    folder = checkout.artifacts(checkout.runs(experiment)[0].info.run_id)
    assert (folder / "grid.png").exists()
    assert not (folder / "traversals.png").exists()


def test_a_posterior_that_collapsed_is_told_in_the_terminal_and_in_the_description(checkout: Checkout) -> None:
    done = checkout.train(*SMALL, "objective.beta=1000", "training.epochs=30", "tracking.experiment=collapsed")
    assert done.returncode == 0, done.stderr
    assert "Posterior collapse: 2 of 2 latent dimensions" in done.stdout
    [run] = checkout.runs("collapsed")
    assert run.data.tags["mlflow.note.content"].startswith("**Posterior collapse: 2 of 2 latent dimensions")
    assert "lower objective.beta (now 1000)" in run.data.tags["mlflow.note.content"]
    assert run.data.metrics["test/collapsed"] == 1


def test_a_training_that_stops_early_says_so_and_which_epoch_it_keeps(checkout: Checkout) -> None:
    done = checkout.train(
        *SMALL, "training.epochs=99", "training.patience=1", "training.learning_rate=1e-30", "tracking.experiment=early"
    )
    assert done.returncode == 0, done.stderr
    assert (
        said := re.search(
            r"(\d+) epochs \(stopped early, as none was better than epoch (\d+), which is kept\)", done.stdout
        )
    )
    assert int(said[1]) == int(said[2]) + 1, "one epoch of patience"


@real_data
@pytest.mark.parametrize(
    ("dataset", "shape", "classes", "at_least"),
    [
        ("mnist", 28, 10, -215),
        pytest.param("fashion", 28, 10, -380, marks=pytest.mark.slow),
        pytest.param("emnist_vowels", 28, 5, -280, marks=pytest.mark.slow),
    ],
)
def test_another_word_trains_on_other_images(
    checkout: Checkout, dataset: str, shape: int, classes: int, at_least: float
) -> None:
    size = ("model=conv", "dataset.limit=2000", "training.epochs=4", "evaluation=brief", "pictures=few")
    done = checkout.train(f"dataset={dataset}", *size)
    assert done.returncode == 0, done.stderr
    [run] = checkout.runs(dataset)
    losses = [loss for _, loss in checkout.history(run.info.run_id, "validation/epoch/loss")]
    assert losses[-1] < losses[0]
    assert run.data.metrics["test/elbo"] > at_least
    profile = json.loads(run.inputs.dataset_inputs[0].dataset.profile)
    assert profile["features_shape"][1:] == [shape, shape, 1]
    assert run.data.params["model.parameters"] == str(69_076 + 65_089)


def test_colour_images_that_are_not_square_are_trained_and_drawn(checkout: Checkout, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for name in ("warm", "cold"):
        (tmp_path / name).mkdir()
        for index in range(30):
            pixels = random.integers(0, 255, (20, 32, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{index}.png")
    size = ("dataset.source.height=20", "dataset.source.width=32")
    settings = ("model=conv", "model.latent_dim=3", "training.epochs=1")
    done = checkout.train("dataset=folder", f"dataset.dir={tmp_path}", *size, *settings)
    assert done.returncode == 0, done.stderr
    folder = checkout.artifacts(checkout.runs("folder")[0].info.run_id)
    for name in ("reconstructions", "latent", "grid", "samples", "losses", "traversals"):
        assert (folder / f"{name}.png").exists()


def test_missing_files_are_downloaded_verified_and_trained_on(checkout: Checkout, tmp_path: Path) -> None:
    write_idx_set(tmp_path / "published", train=60, test=20)
    files = {path.name: path.read_bytes() for path in (tmp_path / "published").iterdir()}
    roles = {"train_images": "train-images-idx3", "train_labels": "train-labels-idx1"}
    roles |= {"test_images": "t10k-images-idx3", "test_labels": "t10k-labels-idx1"}
    hashes = [
        f"dataset.source.md5.{role}={hashlib.md5(files[f'{name}-ubyte.gz']).hexdigest()}"
        for role, name in roles.items()
    ]
    home = tmp_path / "data"
    with serving({f"/{name}": content for name, content in files.items()}) as server:
        where = (f"dataset.dir={home}", f"dataset.source.mirrors=[{server.address}]", "tracking.experiment=fetched")
        done = checkout.train("dataset=mnist", *where, *hashes, "training.epochs=1", "pictures=cards")
        assert done.returncode == 0, done.stderr
        assert {path.name for path in (home / "mnist").iterdir()} >= set(files)
        refused = checkout.train("dataset=mnist", f"dataset.dir={tmp_path / 'other'}", *where[1:], "training.epochs=1")
    assert refused.returncode == 2
    assert "MD5 is" in refused.stderr
    assert not list((tmp_path / "other").rglob("*ubyte*"))


@pytest.mark.slow
@real_data
def test_all_of_mnist_fits_into_a_small_memory(checkout: Checkout, tmp_path: Path) -> None:
    settings = ("dataset=mnist", "model=conv", "model.filters=[8,16]", "training.epochs=1", "training.batch_size=256")
    with (tmp_path / "out").open("w") as out:
        process = checkout.start_anew("pipeline.train", *settings, "tracking.experiment=memory", out=out)
        peak = peak_memory(process)
    assert process.returncode == 0, (tmp_path / "out").read_text()
    assert 0.3e9 < peak < 1.1e9


def peak_memory(process: subprocess.Popen[str]) -> int:
    """The most bytes that a process held until it ended, without the pages of libraries, which the system can drop."""
    watched, peak = psutil.Process(process.pid), 0
    while process.poll() is None:
        memory = watched.memory_info()
        peak = max(peak, memory.rss - memory.shared)
        time.sleep(0.05)
    return peak
