"""Arrays of the user's own."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_files import dataset, pixels, refusal

from pipeline.data.npz import Npz
from pipeline.data.source import Published


def keras(**changes: Any) -> dict[str, Any]:
    arrays = {
        "x_train": pixels(12, 5, 4),
        "y_train": np.arange(12, dtype=np.uint8) % 3,
        "x_test": pixels(6, 5, 4, seed=1),
        "y_test": np.arange(6, dtype=np.uint8) % 3,
    }
    return arrays | changes


def read(path: Path, arrays: dict[str, Any], names: list[str] | None = None) -> Published:
    np.savez_compressed(path, **arrays)
    return Npz(test=0.25, class_names=names).read(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.npz"


def test_the_layout_of_keras(path: Path) -> None:
    published = read(path, keras())
    np.testing.assert_array_equal(published.train.images[..., 0], pixels(12, 5, 4))
    np.testing.assert_array_equal(published.test.labels, np.arange(6) % 3)
    assert published.class_names == ("0", "1", "2")


def test_one_array_of_images_is_divided(path: Path) -> None:
    published = read(path, {"images": pixels(12, 5, 4, 3), "labels": np.arange(12) % 3})
    assert (len(published.train), len(published.test)) == (9, 3)
    found = np.concatenate([published.train.images, published.test.images])
    np.testing.assert_array_equal(np.unique(found, axis=0), np.unique(pixels(12, 5, 4, 3), axis=0))


@pytest.mark.parametrize(
    "arrays", [{"images": pixels(9, 2, 2)}, {"x_train": pixels(9, 2, 2), "x_test": pixels(3, 2, 2)}]
)
def test_labels_may_be_absent(path: Path, arrays: dict[str, np.ndarray]) -> None:
    published = read(path, arrays)
    assert published.class_names == ("image",)
    assert (published.train.labels == 0).all()


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_floats_are_rounded_to_the_nearest_step(path: Path, kind: type) -> None:
    floats = (np.arange(256) / 255).astype(kind).reshape(1, 16, 16).repeat(1500, axis=0)
    published = read(path, {"images": floats})
    expected = np.arange(256).reshape(16, 16)
    tolerance = 1 if kind is np.float16 else 0
    assert abs(published.train.images[-1, ..., 0].astype(int) - expected).max() <= tolerance


def test_labels_need_not_count_from_zero(path: Path) -> None:
    published = read(path, keras(y_train=np.arange(12) % 3 * 10, y_test=np.full((6, 1), 20)))
    assert published.class_names == ("0", "10", "20")
    assert published.test.labels.tolist() == [2] * 6


def test_class_names_may_be_given(path: Path) -> None:
    assert read(path, keras(), ["cat", "dog", "owl", "emu"]).class_names == ("cat", "dog", "owl", "emu")


def test_the_folder_may_be_given_instead_of_the_file(path: Path) -> None:
    read(path, keras())
    data = dataset(source=Npz(test=0.2, class_names=None), dir=path.parent, classes=[0, 2]).load()
    assert data.class_names == ("0", "2")
    np.savez(path.parent / "second.npz", a=1)
    told = refusal(lambda: Npz(test=0.2, class_names=None).read(path.parent))
    assert told.startswith(f"dataset.dir={path.parent}: holds 2 .npz files; wanted one .npz file. Name it: ")


def test_the_file_must_be_given_and_be_there(tmp_path: Path) -> None:
    source = Npz(test=0.2, class_names=None)
    assert refusal(lambda: source.read(None)).startswith("dataset.dir: missing. Give the .npz file or the folder")
    assert "holds 0 .npz files" in refusal(lambda: source.read(tmp_path))
    assert "does not exist" in refusal(lambda: source.read(tmp_path / "no.npz"))


def nan_at_the_end() -> np.ndarray:
    floats = np.zeros((2000, 2, 2))
    floats[-1, 1, 1] = np.nan
    return floats


@pytest.mark.parametrize(
    ("arrays", "phrase"),
    [
        ({"images": nan_at_the_end()}, "images holds NaN; wanted numbers in [0, 1]. Replace or leave out such images"),
        ({"images": np.full((2, 2, 2), np.inf)}, "images holds infinity"),
        ({"images": np.full((2, 2, 2), 255.0)}, "images has floats from 255 to 255; wanted [0, 1]. Divide them"),
        ({"images": np.full((2, 2, 2), -0.5)}, "images has floats from -0.5 to -0.5"),
        ({"images": np.zeros((2, 2, 2), np.int64)}, "images is int64; wanted uint8, or floats in [0, 1]. Convert it"),
        ({"images": np.zeros((2, 2, 2), bool)}, "images is bool"),
        ({"images": np.zeros((2, 4), np.uint8)}, "images has the shape [2, 4]; wanted [N, H, W] or [N, H, W, C]"),
        ({"images": np.zeros((9, 4, 4, 2), np.uint8)}, "images are 4x4x2; wanted 1 channel (grey) or 3 (colour)"),
        ({"images": np.zeros((0, 4, 4), np.uint8)}, "0 images cannot be divided"),
        ({"images": pixels(4, 2, 2), "labels": np.zeros(3, int)}, "4 images and 3 labels; wanted one label an image"),
        ({"images": pixels(4, 2, 2), "labels": np.zeros(4)}, "labels is float64 [4]; wanted one whole number an image"),
        ({"images": pixels(4, 2, 2), "labels": np.zeros((4, 3), int)}, "labels is int64 [4, 3]"),
        ({"images": np.array([object()])}, "not an .npz file of plain arrays"),
        ({"pictures": pixels(4, 2, 2)}, "has pictures; wanted x_train, y_train, x_test, y_test as Keras writes them"),
        ({}, "has nothing in it; wanted x_train"),
        (keras(x_test=pixels(6, 4, 4)), "training images are 5x4x1, test images 4x4x1"),
        (keras(y_test=np.arange(6)), "y_test: label 3 is not among those to train on (0, 1, 2)"),
        ({name: array for name, array in keras().items() if name != "y_test"}, "has x_train, y_train, x_test; wanted"),
    ],
)
def test_other_content_is_refused_by_name(path: Path, arrays: dict[str, Any], phrase: str) -> None:
    told = refusal(lambda: read(path, arrays))
    assert told.startswith(str(path))
    assert phrase in told


def test_a_label_without_a_class_name_is_refused(path: Path) -> None:
    told = refusal(lambda: read(path, keras(), ["cat", "dog"]))
    assert told.startswith(f"{path}: y_train: 4 labels lie outside the 2 class names, the first is 2; wanted 0 to 1")


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut"])
def test_a_file_of_another_kind_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    told = refusal(lambda: Npz(test=0.2, class_names=None).read(path))
    assert told.startswith(f"{path}: not an .npz file of plain arrays, or damaged")
    assert "numpy.savez_compressed" in told


def test_a_damaged_archive_is_refused(path: Path) -> None:
    np.savez_compressed(path, **keras(x_train=pixels(50, 20, 20)))
    content = bytearray(path.read_bytes())
    content[5000:5100] = bytes(100)
    path.write_bytes(content)
    assert "damaged" in refusal(lambda: Npz(test=0.2, class_names=None).read(path))


def test_a_single_array_is_refused(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, pixels(2, 2, 2))
    told = refusal(lambda: Npz(test=0.2, class_names=None).read(path))
    assert f"{path}: holds a single array; wanted an .npz file" in told
