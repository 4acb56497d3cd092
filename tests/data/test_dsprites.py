"""The published file of dSprites, as small files of its exact layout."""

from pathlib import Path

import numpy as np
import pytest
from checkout import SMALL, Checkout
from data_files import loaded, refusal

from pipeline.data.factors import Factor

VALUES = np.array(list(np.ndindex(1, 3, 2, 4, 3, 3)), dtype=np.int64)


class Unpickled:
    """An object that leaves a file where it is unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self):
        return open, (str(self.place), "w")


def write(path: Path, **changed) -> Path:
    """A file of 216 images with the arrays that the published one has, in its order."""
    rng = np.random.default_rng(0)
    images = np.zeros((len(VALUES), 64, 64), np.uint8)
    images[:, 20:40, 20:40] = rng.integers(0, 2, (len(VALUES), 20, 20))
    arrays = {
        "metadata": np.array({"author": "somebody", "harm": Unpickled(path.with_name("harm"))}),
        "imgs": images,
        "latents_classes": VALUES,
        "latents_values": VALUES.astype(float),
    }
    arrays |= changed
    np.savez_compressed(path, **{key: array for key, array in arrays.items() if array is not None})
    return path


def test_images_and_factors_are_those_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "dsprites.npz")
    data = loaded("dsprites", f"dir={path}")
    assert [len(split) for split in data.splits.values()] == [157, 17, 42]
    assert data.class_names == ("square", "ellipse", "heart")
    names = [("shape", 3, False), ("size", 2, True), ("angle", 4, True), ("x", 3, True), ("y", 3, True)]
    assert data.factors == tuple(Factor(*each) for each in names)
    stored = dict(zip(map(tuple, VALUES[:, 1:]), np.load(path)["imgs"], strict=True))
    met = []
    for split in data.splits.values():
        assert isinstance(split.images, np.memmap), "of 3 GB no process has a copy of its own"
        np.testing.assert_array_equal(split.factors[:, 0], split.labels)
        for image, factors in zip(split.images, split.factors, strict=True):
            met.append(tuple(factors))
            np.testing.assert_array_equal(image[..., 0], 255 * stored[tuple(factors)])
    assert len(set(met)) == len(VALUES)


def test_the_cache_gives_the_same_factors_again(tmp_path: Path) -> None:
    path = write(tmp_path / "dsprites.npz")
    first, second = (loaded("dsprites", f"dir={path}") for _ in range(2))
    assert first.fingerprint == second.fingerprint
    assert first.factors == second.factors
    for part in first.splits:
        np.testing.assert_array_equal(first.splits[part].factors, second.splits[part].factors)


def test_objects_in_the_file_are_never_loaded(tmp_path: Path) -> None:
    path = write(tmp_path / "dsprites.npz")
    loaded("dsprites", f"dir={path}")
    assert not (tmp_path / "harm").exists()
    np.load(path, allow_pickle=True)["metadata"]
    assert (tmp_path / "harm").exists(), "which would have been harmful"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"imgs": None}, "has metadata, latents_classes, latents_values, but not imgs; expected the file of dSprites"),
        ({"latents_classes": None}, "but not latents_classes; expected the file of dSprites as it is published. For "),
        ({"latents_classes": VALUES[:, 1:]}, "latents_classes is int64 [216, 5]; expected whole numbers [number, 6]"),
        ({"latents_classes": VALUES / 2}, "latents_classes is float64 [216, 6]; expected whole numbers"),
        ({"latents_classes": VALUES - 1}, "latents_classes has -1 to 2, and shapes up to 1; expected numbers from 0"),
        ({"latents_classes": VALUES + 1}, "and shapes up to 3; expected numbers from 0 on, and shapes up to 2"),
        ({"latents_classes": VALUES[:9]}, "imgs is uint8 [216, 64, 64]; expected uint8 [9, height, width]"),
        ({"imgs": np.ones((216, 64, 64))}, "imgs is float64 [216, 64, 64]; expected uint8 [216, height, width]"),
        ({"imgs": np.full((216, 8, 8), 9, np.uint8)}, "imgs has pixels up to 9; expected 0 and 1"),
        ({"imgs": np.array([{}] * 216)}, "imgs is an array of Python objects"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, changed: dict, said: str) -> None:
    path = write(tmp_path / "other.npz", **changed)
    told = refusal(lambda: loaded("dsprites", f"dir={path}"))
    assert told.startswith(f"{path}: ")
    assert said in told


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "dsprites.npz")
    path.write_bytes(path.read_bytes()[:-2000])
    assert "not an .npz file of plain arrays, or damaged" in refusal(lambda: loaded("dsprites", f"dir={path}"))


def test_it_is_trained_on(checkout: Checkout, tmp_path: Path) -> None:
    path = write(tmp_path / "dsprites.npz")
    done = checkout.train("dataset=dsprites", f"dataset.dir={tmp_path}", *SMALL, "evaluation=brief")
    assert done.returncode == 0, done.stderr
    assert "shape (3), size (2), angle (4), x (3), y (3)" in done.stdout
    assert "157 images to train on, 17 to validate, 42 to test, 64x64x1" in done.stdout
    missing = checkout.train("dataset=dsprites", f"dataset.dir={path}.zip", *SMALL)
    assert missing.returncode == 2
    assert "No such file or directory; expected one .npz file" in missing.stderr
