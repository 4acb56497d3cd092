"""Arrays that the user has saved with NumPy."""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.data.images import Split
from pipeline.data.names import NamesOrNone
from pipeline.data.pixels import as_pixels
from pipeline.data.source import Published, check_labels
from pipeline.data.splits import TestShare, set_test_aside
from pipeline.errors import InputError

CURE = "Write it with numpy.savez_compressed"

KEYS = "wanted x_train, y_train, x_test, y_test as Keras writes them, or images and, if there are any, labels"


@dataclass(frozen=True, kw_only=True)
class Npz:
    """One .npz file, with `x_train`, `y_train`, `x_test`, `y_test` or with `images` and perhaps `labels`.

    Images are [N, H, W] or [N, H, W, C], uint8 or floats in [0, 1]. Without labels all are of the class `image`.

    Attributes:
        test: the share to test on, where the file has no test split.
        class_names: what the labels 0, 1, 2 … mean; null for the labels that occur, as text.
    """

    test: TestShare
    class_names: NamesOrNone

    def read(self, directory: Path | None) -> Published:
        """Both splits, in their order if the file has two, else in random order. The directory may be the file."""
        path = _file_at(directory)
        arrays = _read_arrays(path)
        if "images" in arrays:
            whole, names = self._labelled(arrays, "images", "labels", path, None)
            train_at, test_at = set_test_aside(whole.labels, self.test, str(path))
            return Published(whole.take(train_at), whole.take(test_at), names, str(path))
        train, names = self._labelled(arrays, "x_train", "y_train", path, None)
        test, _ = self._labelled(arrays, "x_test", "y_test", path, arrays.get("y_train"))
        return Published(train, test, names, str(path))

    def _labelled(
        self, arrays: dict[str, np.ndarray], images: str, labels: str, path: Path, known: np.ndarray | None
    ) -> tuple[Split, tuple[str, ...]]:
        """The pair as a split. `known` are the labels that name the classes where they are not the pair's own."""
        # Taken out, so that the original of converted pixels can go.
        pixels = as_pixels(arrays.pop(images), f"{path}: {images}")
        if labels not in arrays:
            return Split(pixels, np.zeros(len(pixels), dtype=np.int64)), ("image",)
        codes = _codes(arrays[labels], f"{path}: {labels}")
        if len(codes) != len(pixels):
            raise InputError(f"{path}: {len(pixels):,} {images} and {len(codes):,} {labels}; wanted one label an image")
        numbers, names = self._numbered(codes, codes if known is None else known.reshape(-1), f"{path}: {labels}")
        return Split(pixels, numbers), names

    def _numbered(self, codes: np.ndarray, known: np.ndarray, origin: str) -> tuple[np.ndarray, tuple[str, ...]]:
        """Labels as indices into the class names."""
        if self.class_names is not None:
            check_labels(codes, len(self.class_names), origin)
            return codes, tuple(self.class_names)
        occurring = np.unique(known)
        if unknown := np.setdiff1d(codes, occurring).tolist():
            raise InputError(f"{origin}: label {unknown[0]} is not among those to train on ({_listed(occurring)})")
        return np.searchsorted(occurring, codes).astype(np.int64), tuple(str(code) for code in occurring)


def _file_at(directory: Path | None) -> Path:
    if directory is None:
        raise InputError(
            "dataset.dir: missing. Give the .npz file or the folder it is in: dataset.dir=/path/to/file.npz"
        )
    if directory.is_file():
        return directory
    files = sorted(directory.glob("*.npz"))
    if len(files) != 1:
        found = f"holds {len(files)} .npz files" if directory.is_dir() else "does not exist"
        raise InputError(
            f"dataset.dir={directory}: {found}; wanted one .npz file. Name it: dataset.dir=/path/to/file.npz"
        )
    return files[0]


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of one of the two layouts; others in the file are not read."""
    try:
        archive = np.load(path, allow_pickle=False)  # pickled objects could run anything when loaded
        if isinstance(archive, np.ndarray):
            raise InputError(f"{path}: holds a single array; wanted an .npz file. {CURE}")
        with archive:
            return {name: archive[name] for name in _layout(archive.files, path)}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error, KeyError) as error:
        raise InputError(
            f"{path}: not an .npz file of plain arrays, or damaged ({_first_line(error)}). {CURE}"
        ) from error


def _layout(keys: list[str], path: Path) -> list[str]:
    for images, labels in ((["images"], ["labels"]), (["x_train", "x_test"], ["y_train", "y_test"])):
        given = [label for label in labels if label in keys]
        if set(images) <= set(keys) and len(given) in (0, len(labels)):
            return images + given
    raise InputError(f"{path}: has {', '.join(keys) or 'nothing in it'}; {KEYS}")


def _codes(labels: np.ndarray, origin: str) -> np.ndarray:
    """int64 [N]. Keras gives some labels as [N, 1]."""
    flat = labels.reshape(len(labels)) if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if flat.ndim != 1 or not np.issubdtype(flat.dtype, np.integer):
        raise InputError(
            f"{origin} is {labels.dtype} {list(labels.shape)}; wanted one whole number an image. Save it so"
        )
    return flat.astype(np.int64)


def _listed(values: Any) -> str:
    return ", ".join(str(value) for value in values)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
