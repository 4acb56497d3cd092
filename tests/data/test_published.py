"""The published data sets themselves."""

import hashlib
import time
from pathlib import Path

import numpy as np
import pytest
from data_files import node, real_data

from pipeline.config.build import build
from pipeline.data.images import ImageData, Split
from pipeline.data.settings import DatasetSettings

pytestmark = real_data


def load(name: str, *overrides: str) -> ImageData:
    data: ImageData = build(node(name, *overrides), "dataset").load()
    return data


@pytest.mark.parametrize(
    ("name", "train_images", "test_labels"),
    [
        ("mnist", "6bbc9ace898e44ae57da46a324031adb", "27ae3e4e09519cfbb04c329615203637"),
        ("fashion", "f4a8712d7a061bf5bd6d2ca38dc4d50a", "15d484375f8d13e6eb1aabb0c3f46965"),
    ],
)
def test_pixels_and_labels_are_the_published_ones(name: str, train_images: str, test_labels: str) -> None:
    data = load(name, "validation=test")
    header = bytes([0, 0, 8, 3]) + np.array([60000, 28, 28], ">u4").tobytes()
    assert hashlib.md5(header + data.train.images.tobytes()).hexdigest() == train_images
    header = bytes([0, 0, 8, 1]) + np.array([10000], ">u4").tobytes()
    assert hashlib.md5(header + data.test.labels.astype(np.uint8).tobytes()).hexdigest() == test_labels


@pytest.mark.parametrize("mode", ["none", "fixed", "each_epoch"])
def test_mnist_as_a_whole_is_what_keras_own_example_trains_on(mode: str) -> None:
    data = load("mnist", "train=all", "validation=test", f"binarisation={mode}")
    assert (len(data.train), len(data.validation), len(data.test)) == (70_000, 10_000, 10_000)
    usual = load("mnist", "validation=test", f"binarisation={mode}")
    np.testing.assert_array_equal(data.train.images[:60_000], usual.train.images)
    np.testing.assert_array_equal(data.train.labels[60_000:], usual.test.labels)


def test_binarised_mnist_has_the_ink_of_mnist() -> None:
    """Summed over many draws the noise cancels, in every pixel and in the whole."""
    grey, drawn = (load("mnist", "validation=test", f"binarisation={mode}") for mode in ("none", "fixed"))
    for part in ("train", "test"):
        probability = getattr(grey, part).images.reshape(-1, 784) / 255.0
        white = getattr(drawn, part).images.reshape(-1, 784) == 255
        error = np.sqrt((probability * (1 - probability)).sum(axis=0))
        assert (np.abs(white.sum(axis=0) - probability.sum(axis=0)) <= 5 * error + 1e-6).all()
        assert abs(white.sum() - probability.sum()) <= 4 * np.sqrt((error**2).sum())


def test_mnist_is_there_at_once() -> None:
    settings: DatasetSettings = build(node("mnist"), "dataset")
    started = time.process_time()  # other work on the machine does not count
    data = settings.load()
    assert time.process_time() - started < 1
    assert (len(data.train), len(data.validation), len(data.test)) == (54_000, 6_000, 10_000)


def test_fashion_classes_are_what_they_are_called() -> None:
    data = load("fashion", "classes=[Trouser,Sandal]", "validation=test")
    trousers, sandals = (data.test.images[data.test.labels == label] for label in (0, 1))
    assert ink_height(trousers) > 26 > 20 > ink_height(sandals)


def ink_height(images: np.ndarray) -> float:
    """Rows with ink, on average."""
    return float((images.max(axis=(2, 3)) > 64).sum(axis=1).mean())


def ink_width(images: np.ndarray) -> float:
    return float((images.max(axis=(1, 3)) > 64).sum(axis=1).mean())


def letter(data: ImageData, name: str) -> np.ndarray:
    return data.test.images[data.test.labels == data.class_names.index(name)]


def test_emnist_letters_are_upright() -> None:
    data = load("emnist_letters")
    assert data.class_names == tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert ink_height(letter(data, "I")) > 1.5 * ink_width(letter(data, "I"))
    hooks = letter(data, "J").mean(axis=(0, 3))
    assert hooks[16:, :14].sum() > hooks[16:, 14:].sum(), "the hook of a J points left"
    assert below(letter(data, "L")) > below(letter(data, "T"))


def below(images: np.ndarray) -> float:
    """Part of the ink in the lowest third of the image's height."""
    ink = images.astype(float)
    return float(ink[:, 19:].sum() / ink.sum())


def test_vowels_are_the_vowels() -> None:
    data = load("emnist_vowels")
    counts = np.bincount(np.concatenate([data.train.labels, data.validation.labels]))
    letters = load("emnist_letters", "validation=test")
    expected = [(letters.train.labels == letters.class_names.index(name)).sum() for name in "AEIOU"]
    assert counts.tolist() == expected
    assert data.class_names == tuple("AEIOU")


def test_kaggle_layout_gives_the_same_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Path(str(build(node("emnist_letters"), "dataset").dir)) / "emnist-letters"
    idx = load("emnist_letters", "validation=test", "limit=300")
    target = tmp_path / "emnist-letters"
    target.mkdir()
    (target / "emnist-letters-mapping.txt").write_bytes((home / "emnist-letters-mapping.txt").read_bytes())
    write_table(target / "emnist-letters-train.csv", idx.train)
    write_table(target / "emnist-letters-test.csv", idx.test)
    assert load("emnist_letters", "validation=test", f"dir={tmp_path}").fingerprint == idx.fingerprint


def write_table(path: Path, split: Split) -> None:
    """As Kaggle's files are: label from 1, then the pixels, columns before rows."""
    stored = split.images[..., 0].transpose(0, 2, 1).reshape(len(split), -1)
    np.savetxt(path, np.column_stack([split.labels + 1, stored]), fmt="%d", delimiter=",")
