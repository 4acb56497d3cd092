"""The real command on images of the user's own."""

import os
from pathlib import Path

import numpy as np
import pytest
from checkout import Checkout
from data_files import pixels
from PIL import Image

pytestmark = pytest.mark.slow

SIZE = ("dataset=folder", "dataset.source.height=8", "dataset.source.width=8", "dataset.source.channels=1")


def write(root: bytes, values: np.ndarray) -> str:
    os.makedirs(root, exist_ok=True)
    for number, image in enumerate(values):
        Image.fromarray(image).save(os.fsdecode(root) + f"/{number}.png")
    return os.fsdecode(root)


def test_two_images_in_folders_whose_names_are_not_utf8_are_trained_on_and_drawn(
    checkout: Checkout, tmp_path: Path
) -> None:
    root = os.fsencode(tmp_path / "na") + b"\xefve"
    for seed, name in enumerate((b"caf\xe9", b"a\nb")):
        write(root + b"/" + name, pixels(1, 8, 8, seed=seed))
    overrides = (*SIZE, f'dataset.dir="{os.fsdecode(root)}"', "model.hidden=[16]", "training.epochs=2")
    done = checkout.train(*overrides, "dataset.validation=test", "tracking.experiment=two")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    line, splits = done.stdout.splitlines()[:2]
    assert line.startswith("folder: pixels ")
    assert line.endswith(" of 255; 0 of 2 images (0.0%) of one colour")
    assert splits.startswith("folder: 1 images to train on, 1 to validate, 1 to test, 8x8x1, from ")
    assert splits.endswith(r"na\xefve")
    [run] = checkout.runs("two")
    assert run.info.status == "FINISHED"
    assert r"na\xefve" in run.data.tags["command"]
    again = checkout.run("pipeline.evaluate", f"run={run.info.run_id}", "evaluation=brief")
    assert again.returncode == 0, again.stderr


def test_images_on_which_nothing_is_seen_are_refused_before_a_run_is_made(checkout: Checkout, tmp_path: Path) -> None:
    root = write(os.fsencode(tmp_path / "dark"), pixels(9, 8, 8).astype(np.uint16) * 16)
    done = checkout.train(*SIZE, f"dataset.dir={root}", "tracking.experiment=dark")
    assert done.returncode == 2
    assert f"{root}: pixels 0 to 15 of 255" in done.stderr
    assert "dataset.source.white=40" in done.stderr
    assert "Traceback" not in done.stderr
    assert checkout.client.get_experiment_by_name("dark") is None or not checkout.runs("dark")


def test_runs_whose_images_were_moved_are_compared_with_pictures_where_their_place_is_named(
    checkout: Checkout, tmp_path: Path
) -> None:
    for seed, name in enumerate(("cats", "dogs")):
        write(os.fsencode(tmp_path / "pets" / name), pixels(10, 8, 8, seed=seed))
    overrides = (*SIZE, f"dataset.dir={tmp_path / 'pets'}", "model.hidden=[16]", "training.epochs=1", "pictures=few")
    done = checkout.train("-m", *overrides, "training.seed=0,1", "tracking.experiment=moved")
    assert done.returncode == 0, done.stderr
    (tmp_path / "pets").rename(tmp_path / "animals")
    compare = ("pipeline.compare", "experiment=moved")
    lost = checkout.run(*compare, f"out={tmp_path / 'lost'}")
    assert lost.stdout.count("Without pictures, run") == 2
    assert "dataset_dir=" in lost.stdout
    found = checkout.run(*compare, f"out={tmp_path / 'found'}", f"dataset_dir={tmp_path / 'animals'}")
    assert found.returncode == 0, found.stderr
    assert "Without pictures" not in found.stdout
    assert (tmp_path / "found" / "comparison.html").read_text().count('<img alt="" src="data:image/png') == 5
