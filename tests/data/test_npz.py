"""Arrays of the user's own."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_files import cures_of, dataset, loaded, pixels, refusal, run_line

from pipeline.data.images import ImageData
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
    assert told.startswith(f"dataset.dir={path.parent}: holds 2 .npz files; expected one .npz file. Set dataset.dir=")


def test_the_file_must_be_given_and_be_there(tmp_path: Path) -> None:
    source = Npz(test=0.2, class_names=None)
    assert refusal(lambda: source.read(None)).startswith("dataset.dir: missing; expected an .npz file or the folder")
    assert "holds 0 .npz files" in refusal(lambda: source.read(tmp_path))
    assert "no.npz: No such file or directory" in refusal(lambda: source.read(tmp_path / "no.npz"))
    (tmp_path / "a.npz").symlink_to("/nowhere/b.npz")
    assert "it is a link to /nowhere/b.npz, which does not exist" in refusal(lambda: source.read(tmp_path / "a.npz"))
    os.mkfifo(tmp_path / "b.npz")
    assert "it is a pipe, a socket or a device" in refusal(lambda: source.read(tmp_path / "b.npz"))


def load(path: Path, arrays: dict[str, Any], *overrides: str) -> ImageData:
    """Through the YAML."""
    np.savez_compressed(path, **arrays)
    return loaded("npz", f"dir={path}", *overrides)


@pytest.mark.parametrize(
    ("images", "labels"), [("x_{}", "y_{}"), ("X_{}", "y_{}"), ("{}_images", "{}_labels"), ("images_{}", "labels_{}")]
)
@pytest.mark.parametrize("validation", ["val", "valid", "validation"])
def test_usual_names_are_known_and_a_validation_split_is_used(
    path: Path, images: str, labels: str, validation: str
) -> None:
    sizes = {"train": 20, validation: 7, "test": 5}
    arrays = {images.format(part): pixels(number, 4, 4, seed=number) for part, number in sizes.items()}
    arrays |= {labels.format(part): np.arange(number)[:, None] % 3 for part, number in sizes.items()}
    data = load(path, arrays)
    assert (len(data.train), len(data.validation), len(data.test)) == (20, 7, 5)
    np.testing.assert_array_equal(data.validation.images[..., 0], pixels(7, 4, 4, seed=7))
    assert len(load(path, arrays, "validation=0.1").validation) == 2
    del arrays[images.format("test")]
    data = load(path, arrays)
    assert (len(data.train), len(data.validation), len(data.test)) == (17, 7, 3)


def test_limit_and_classes_and_binarisation_hold_for_validation_images_too(path: Path) -> None:
    arrays = {f"{kind}_{part}": array for part in ("train", "val", "test") for kind, array in pair(30).items()}
    data = load(path, arrays, "limit=6", "classes=[1,2]", "binarisation=fixed")
    assert len(data.train) == len(data.validation) == len(data.test) == 6
    assert set(np.unique(data.validation.images)) == {0, 255}
    assert set(data.validation.labels) == {0, 1}


def pair(number: int) -> dict[str, np.ndarray]:
    return {"x": pixels(number, 4, 4), "y": np.arange(number) % 3}


def test_keys_may_be_named(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    arrays = {
        "arr_0": pixels(20, 4, 4),
        "arr_1": np.arange(20) % 2,
        "held": pixels(5, 4, 4, seed=1),
        "h": np.zeros(5, int),
    }
    told = refusal(lambda: load(path, arrays))
    assert f"{path}: has arr_0, arr_1, held, h; expected x_train" in told
    [keys] = cures_of(told)
    assert keys == ["dataset.source.train_images=arr_0", "dataset.source.train_labels=arr_1"]
    data = load(path, arrays, *keys)
    assert data.class_names == ("0", "1")
    more = ("validation_images", "validation_labels")
    data = load(
        path, arrays, *keys, *(f"dataset.source.{key}={name}" for key, name in zip(more, ("held", "h"), strict=True))
    )
    assert len(data.validation) == 5
    told = refusal(lambda: load(path, arrays, "source.train_images=nothing"))
    assert told.startswith(
        f"dataset.source.train_images=nothing: {path} has no such array; expected one of: arr_0, arr_1, held, h"
    )
    told = refusal(lambda: load(path, arrays, "source.train_images=held", "source.test_images=held"))
    assert told == f"{path}: held is named for two splits; expected one array for each split"


def test_other_labels_than_the_usual_may_be_named(path: Path) -> None:
    data = load(path, pair(20) | {"images": pixels(20, 4, 4)}, "source.train_labels=y")
    assert data.class_names == ("0", "1", "2")


def test_labels_of_some_splits_only_are_refused_with_a_way_to_do_without(path: Path) -> None:
    arrays = {name: array for name, array in keras().items() if name != "y_test"}
    told = refusal(lambda: load(path, arrays))
    assert "has x_train, y_train, x_test, so x_test has no labels and others have" in told
    [keys] = cures_of(told)
    assert load(path, arrays, *keys).class_names == ("image",)


@pytest.mark.parametrize("kind", ["U", "S", float, bool])
def test_labels_may_be_texts_whole_floats_or_bools(path: Path, kind: Any) -> None:
    labels = np.arange(20) % 2
    data = load(path, {"images": pixels(20, 4, 4), "labels": labels.astype(kind)})
    assert data.class_names == (("False", "True") if kind is bool else ("0", "1"))
    np.testing.assert_array_equal(
        data.train.labels, load(path, {"images": pixels(20, 4, 4), "labels": labels}).train.labels
    )


def test_texts_may_be_put_into_an_order(path: Path) -> None:
    arrays = {"images": pixels(20, 4, 4), "labels": np.array(["small", "large"] * 10)}
    usual, ordered = load(path, arrays), load(path, arrays, "source.class_names=[small,large,huge]")
    assert (usual.class_names, ordered.class_names) == (("large", "small"), ("small", "large", "huge"))
    np.testing.assert_array_equal(usual.test.labels, 1 - ordered.test.labels)
    told = refusal(lambda: load(path, arrays, "source.class_names=[small]"))
    assert "labels: label large is of no known class; expected labels of the training images" in told


def test_texts_that_cannot_be_printed_are_escaped(path: Path) -> None:
    names = np.array([b"caf\xe9", b"a\nb"] * 10)
    assert load(path, {"images": pixels(20, 4, 4), "labels": names}).class_names == (r"a\nb", r"caf\xe9")


def grey(number: int = 20) -> np.ndarray:
    images = pixels(number, 4, 4)
    images[0, 0, 0], images[0, 0, 1] = 0, 255
    return images


@pytest.mark.parametrize(
    ("images", "keys"),
    [
        (grey().astype(np.float32) / 127.5 - 1, ["dataset.source.black=-1", "dataset.source.white=1"]),
        (grey().astype(np.float32), ["dataset.source.white=255"]),
        (grey().astype(np.int64), ["dataset.source.white=255"]),
        (np.minimum(grey(), 250).astype(np.int16), ["dataset.source.white=255"]),
        (grey().astype(np.int64) * 100 - 5000, ["dataset.source.black=-5000", "dataset.source.white=20500"]),
        (grey().astype(np.float64) * 1e6, ["dataset.source.white=255000000"]),
        (grey() // 16, ["dataset.source.white=15"]),
        (grey().astype(np.uint16) * 16, ["dataset.source.white=4080"]),
        (grey() / 2550, ["dataset.source.white=0.1"]),
    ],
)
def test_values_of_unknown_white_are_answered_with_keys_that_work(
    path: Path, images: np.ndarray, keys: list[str]
) -> None:
    told = refusal(lambda: load(path, {"images": images}))
    assert told.startswith(f"{path}: ")
    assert cures_of(told)[0] == keys
    found = load(path, {"images": images}, *keys)
    expected = load(path, {"images": grey()})
    assert abs(found.train.images.astype(int) - expected.train.images).max() <= (20 if images.max() < 16 else 5)


@pytest.mark.parametrize("kind", [bool, np.uint16])
def test_bools_and_sixteen_bits_have_a_white_of_their_own(path: Path, kind: type) -> None:
    mask = grey() // 128
    images = mask.astype(bool) if kind is bool else mask.astype(np.uint16) * 65535
    np.testing.assert_array_equal(
        load(path, {"images": images}).train.images, load(path, {"images": mask * np.uint8(255)}).train.images
    )


def test_channels_may_come_first(path: Path) -> None:
    images = pixels(20, 6, 5, 3)
    turned = load(path, {"images": np.moveaxis(images, -1, 1)})
    assert turned.fingerprint == load(path, {"images": images}).fingerprint


def objects(*images: Any) -> np.ndarray:
    array = np.empty(len(images), object)
    array[:] = images
    return array


@pytest.mark.parametrize(
    ("arrays", "phrase"),
    [
        (
            {"images": np.where(np.arange(20)[:, None, None] == 3, np.nan, grey() / 255)},
            "images holds NaN; expected finite",
        ),
        ({"images": np.where(np.arange(20)[:, None, None] == 3, np.inf, grey() / 255)}, "images holds infinity"),
        (
            {"images": objects(*grey())},
            "images is an array of Python objects, and to load it could run code from the file",
        ),
        ({"images": grey(), "labels": objects(*"ab" * 10)}, "labels is an array of Python objects"),
        (
            {"images": grey(), "labels": np.eye(20)[np.arange(20) % 3]},
            "labels is float64 [20, 20]; expected one whole number",
        ),
        (
            {"images": grey().reshape(20, 16)},
            "images has the shape [20, 16]; expected [N, H, W] for grey, or [N, H, W, C]",
        ),
        ({"images": pixels(20, 48)}, "images has the shape [20, 48]"),
        ({"images": pixels(20, 4, 4, 4)}, "images has the shape [20, 4, 4, 4]"),
        ({"images": pixels(20, 2, 5, 5)}, "images has the shape [20, 2, 5, 5]"),
        ({"images": pixels(20, 5, 5, 2)}, "images has the shape [20, 5, 5, 2]"),
    ],
)
def test_other_content_is_refused_with_a_line_that_mends_it(path: Path, arrays: dict[str, Any], phrase: str) -> None:
    told = refusal(lambda: load(path, arrays))
    assert told.startswith(f"{path}: {phrase}")
    run_line(told)
    [[cure]] = cures_of(told)
    data = loaded("npz", cure)
    assert len(data.train) + len(data.validation) + len(data.test) == 20
    assert len(data.class_names) == (1 if "labels" not in arrays else len(np.unique(arrays["labels"], axis=0)))


def test_pickled_objects_are_never_loaded(path: Path, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "executed",)

    for arrays in (
        {"images": objects(Trap())},
        {"images": grey(), "labels": objects(Trap())},
        {"other": objects(Trap())},
    ):
        told = refusal(lambda arrays=arrays: load(path, arrays))  # type: ignore[misc]
        assert "If you trust the file, convert the array: " in told or "expected x_train" in told
        assert not (tmp_path / "executed").exists()
    load(path, {"images": grey(), "other": objects(Trap())})
    assert not (tmp_path / "executed").exists()
    np.load(path, allow_pickle=True)["other"]
    assert (tmp_path / "executed").exists(), "it is one"


@pytest.mark.parametrize(
    ("arrays", "phrase"),
    [
        ({"images": np.zeros((2, 2, 2), complex)}, "images is complex128; expected numbers"),
        ({"images": np.array([["a"]])[..., None]}, "images is <U1; expected numbers"),
        ({"images": np.zeros((2, 5), np.uint8)}, "images has the shape [2, 5]; expected [N, H, W] for grey"),
        ({"images": np.zeros((9, 4, 4, 7), np.uint8)}, "images has the shape [9, 4, 4, 7]; expected"),
        ({"images": np.zeros((0, 4, 4), np.uint8)}, "holds 0 images; expected at least one for training"),
        (
            {"images": pixels(1, 4, 4)},
            "holds 1 images; expected at least one for training and one for the test. Add images",
        ),
        ({"images": pixels(4, 2, 2), "labels": np.zeros(3, int)}, "4 images and 3 labels; expected one label an image"),
        (
            {"images": pixels(4, 2, 2), "labels": np.full(4, 0.5)},
            "labels is float64 [4]; expected one whole number or text",
        ),
        ({"images": pixels(4, 2, 2), "labels": np.ones((4, 3), int)}, "labels is int64 [4, 3]"),
        ({"pictures": pixels(4, 2, 2)}, "has pictures; expected x_train, y_train, x_test, y_test as Keras writes them"),
        ({}, "has no array; expected x_train"),
        (keras(x_test=pixels(6, 4, 4)), "training images are 5x4x1, test images 4x4x1"),
        (keras(x_val=pixels(6, 4, 4), y_val=np.zeros(6)), "training images are 5x4x1, validation images 4x4x1"),
        (
            keras(y_test=np.arange(6)),
            "y_test: label 3 is of no known class; expected labels of the training images or of",
        ),
    ],
)
def test_what_cannot_be_mended_by_a_line_is_refused_by_name(path: Path, arrays: dict[str, Any], phrase: str) -> None:
    told = refusal(lambda: read(path, arrays))
    assert told.startswith(str(path))
    assert phrase in told


def test_a_label_without_a_class_name_is_refused(path: Path) -> None:
    told = refusal(lambda: read(path, keras(), ["cat", "dog"]))
    assert told.startswith(f"{path}: y_train: 4 labels lie outside the 2 class names, the first is 2; expected 0 to 1")


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


def test_a_single_array_is_refused_with_a_line_that_packs_it(path: Path) -> None:
    for name in (path, path.with_name("it's one.npy")):
        with name.open("wb") as file:
            np.save(file, pixels(9, 2, 2))
        told = refusal(lambda name=name: Npz(test=0.2, class_names=None).read(name))  # type: ignore[misc]
        assert f"{name}: holds a single array; expected an .npz file. To make one:" in told
        run_line(told)
        [[cure]] = cures_of(told)
        assert len(loaded("npz", cure).test) == 2
