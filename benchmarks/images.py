"""What is trained on: MNIST where its files are, otherwise random bytes of its shape; nothing is downloaded."""

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.network import config_for
from pipeline.data.published_files import home_of, missing_from

FILES = ("train_images", "train_labels", "test_images", "test_labels")
SHAPES = {"train_images": (60_000, 28, 28), "train_labels": (60_000,), "test_images": (10_000, 28, 28)}


def mnist_files(scratch: Path) -> tuple[Path, str]:
    """The folder to give as `dataset.dir`, and how to call what is in it."""
    dataset = config_for("dataset=mnist")["dataset"]
    directory, source = dataset["dir"], dataset["source"]
    names = [source[role] for role in FILES]
    home = home_of(Path(directory) if directory else None, source["folder"], names)
    if not missing_from(home, names):
        return home, "MNIST"
    _write_random(scratch, dict(zip(FILES, names, strict=True)))
    return scratch, "random bytes in MNIST's shape (its files are not here: set VAE_DATA_DIR)"


def training_images(folder: Path, count: int) -> np.ndarray:
    """The first so many training images, uint8 [count, 28, 28, 1]."""
    from pipeline.config.build import build

    node = config_for("dataset=mnist")["dataset"] | {"dir": str(folder)}
    images = build(node, "dataset").load().train.images
    return images[np.arange(count) % len(images)]


def arrays(overrides: Sequence[str], folder: Path) -> tuple[str, str]:
    """Files of the images that the config trains on and validates."""
    from pipeline.config.build import build

    data = build(config_for(*overrides)["dataset"], "dataset").load()
    files = str(folder / "training.npy"), str(folder / "validation.npy")
    for file, split in zip(files, (data.train, data.validation), strict=True):
        np.save(file, split.images)
    return files


def _write_random(folder: Path, names: dict[str, str]) -> None:
    generator = np.random.default_rng(0)
    for role, name in names.items():
        shape = SHAPES.get(role, (10_000,))
        high = 256 if len(shape) == 3 else 10
        values = generator.integers(0, high, shape, np.uint8)
        header = bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)
        # A name that ends in .gz may hold unpacked bytes: the reader looks at the content.
        (folder / name).write_bytes(header + values.tobytes())
