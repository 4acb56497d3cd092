"""A directory of image files of the user's own."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from pipeline.data.images import Split
from pipeline.data.picture import read_picture
from pipeline.data.shuffle import shuffled
from pipeline.data.source import Published
from pipeline.data.splits import TestShare, set_test_aside
from pipeline.errors import InputError
from pipeline.settings import Count

LAYOUTS = (
    "wanted images, or one folder of images for each class, or train/ and test/ with one of the two in each. "
    "Files that begin with a dot are ignored"
)


@dataclass(frozen=True, kw_only=True)
class Folder:
    """Image files, one folder a class, or all of them in one place as the single class `image`.

    Attributes:
        height, width: what every image is resized to.
        channels: 1 for grey, 3 for colour.
        test: the share to test on, unless there are folders `train` and `test`.
    """

    height: Count
    width: Count
    channels: Literal[1, 3]
    test: TestShare

    def read(self, directory: Path | None) -> Published:
        """Both splits in random order, so that the first few images show many classes."""
        root = _checked_root(directory)
        if _is_divided(root):
            train, names = self._images(root / "train", None)
            test, _ = self._images(root / "test", names)
            return Published(_mixed(train), _mixed(test), names, str(root))
        whole, names = self._images(root, None)
        train_at, test_at = set_test_aside(whole.labels, self.test, str(root))
        return Published(whole.take(train_at), whole.take(test_at), names, str(root))

    def _images(self, root: Path, names: tuple[str, ...] | None) -> tuple[Split, tuple[str, ...]]:
        """All images below `root` and its class names, which are the given ones where there are any."""
        files = _files_by_class(root)
        names = names or tuple(files)
        if unknown := [name for name in files if name not in names]:
            raise InputError(
                f"{root / unknown[0]}: no such class to train on. The training classes are: {', '.join(names)}"
            )
        paths = [path for found in files.values() for path in found]
        labels = [names.index(name) for name, found in files.items() for _ in found]
        return Split(self._pixels(paths), np.array(labels, dtype=np.int64)), names

    def _pixels(self, paths: Sequence[Path]) -> np.ndarray:
        images = np.empty((len(paths), self.height, self.width, self.channels), dtype=np.uint8)
        read = partial(read_picture, height=self.height, width=self.width, channels=self.channels)
        with ThreadPoolExecutor() as pool:  # Pillow decodes outside of Python's lock
            for position, pixels in enumerate(pool.map(read, paths)):
                images[position] = pixels
        return images


def _checked_root(directory: Path | None) -> Path:
    if directory is None:
        raise InputError("dataset.dir: missing. Give the directory of images: dataset.dir=/path/to/images")
    if not directory.is_dir():
        found = "is a file" if directory.exists() else "does not exist"
        raise InputError(f"dataset.dir={directory}: {found}; wanted a directory of images: dataset.dir=/path/to/images")
    return directory


def _is_divided(root: Path) -> bool:
    """Whether the user has divided the images; nothing else may stand beside train/ and test/ then."""
    entries = {path.name for path in _visible(root) if path.is_dir()}
    if not {"train", "test"} <= entries:
        return False
    others = [path for path in _visible(root) if path.name not in ("train", "test")]
    if others:
        raise InputError(f"{others[0]}: stands beside train/ and test/; {LAYOUTS}. Move it elsewhere")
    return True


def _files_by_class(root: Path) -> dict[str, list[Path]]:
    """Class names in alphabetical order with the files of each."""
    entries = _visible(root)
    folders = [path for path in entries if path.is_dir()]
    if not entries:
        raise InputError(f"{root}: holds no image; {LAYOUTS}")
    if not folders:
        return {"image": entries}
    if loose := [path for path in entries if not path.is_dir()]:
        raise InputError(f"{loose[0]}: a file beside the folders of classes; {LAYOUTS}. Move it into one of them")
    return {folder.name: _files_of_class(folder) for folder in folders}


def _files_of_class(folder: Path) -> list[Path]:
    files = _visible(folder)
    if not files:
        raise InputError(f"{folder}: the class has no image. Add images or remove the folder")
    if nested := [path for path in files if path.is_dir()]:
        raise InputError(f"{nested[0]}: a folder inside the class {folder.name}; {LAYOUTS}")
    return files


def _visible(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror}). Change its permissions") from error


def _mixed(split: Split) -> Split:
    return split.take(shuffled(len(split), 0, "mix"))
