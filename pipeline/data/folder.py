"""A source of images: a directory of the user's own image files."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from pipeline.config.values import Count, Switch
from pipeline.data.folder_layout import Classes, parts_of
from pipeline.data.image_file import Background, Conversion
from pipeline.data.image_loading import LoadedImages, load_images
from pipeline.data.images import Split
from pipeline.data.levels import Level, Levels
from pipeline.data.listing import fault
from pipeline.data.random_stream import random_order
from pipeline.data.source import Part, Published, Reading
from pipeline.data.splits import TestShare, set_test_aside
from pipeline.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Folder:
    """Image files, in one folder for each class, or all in one folder as the single class `image`.

    Attributes:
        height, width: in pixels, to which every image is resized.
        channels: 1 for grey, 3 for colour.
        test: the share of the images, or of those in `train`, to test on, unless there is a folder `test`.
        background: the colour behind transparent parts.
        black, white: the values stored that are black and white; null for 0 and for the largest that a file can hold,
            which white never exceeds.
        skip_unreadable: leave out files that cannot be read, and log their number.
    """

    height: Count
    width: Count
    channels: Literal[1, 3]
    test: TestShare
    background: Background = "black"
    black: Level | None = None
    white: Level | None = None
    skip_unreadable: Switch = False

    def __post_init__(self) -> None:
        self.conversion  # noqa: B018 — refuses levels that say nothing

    @property
    def conversion(self) -> Conversion:
        """The conversion of a file into an image of the data set."""
        levels = Levels(self.black, self.white)
        shape = {"height": self.height, "width": self.width, "channels": self.channels}
        return Conversion(**shape, background=self.background, levels=levels)

    def files(self, directory: Path | None) -> Sequence[Path]:
        """All files of the layout, since decoding them takes long."""
        parts = parts_of(_checked_root(directory), skip=self.skip_unreadable)
        return [path for classes in parts.values() for files in classes.values() for path in files]

    def read(self, directory: Path | None) -> Published:
        """The splits, uint8 [N, H, W, C], in random order, so that the first few images show many classes."""
        root = _checked_root(directory)
        parts = parts_of(root, skip=self.skip_unreadable)
        names = tuple(parts["train"])
        paths = [path for classes in parts.values() for files in classes.values() for path in files]
        found = load_images(paths, self.conversion, skip=self.skip_unreadable, key="dataset.source")
        splits = _splits(parts, names, found)
        if "test" in splits:
            splits = {part: split.take(random_order(len(split), 0, "mix")) for part, split in splits.items()}
        else:
            train_at, test_at = set_test_aside(splits["train"].labels, self.test, str(root))
            splits |= {"train": splits["train"].take(train_at), "test": splits["train"].take(test_at)}
        return Published(
            splits["train"], splits["test"], names, str(root), splits.get("validation"), self._reading(found)
        )

    def _reading(self, found: LoadedImages) -> Reading:
        other = "black" if self.background == "white" else "white"
        seen = f"Their transparent parts became {self.background}: set dataset.source.background={other}"
        return Reading(found.span, self.conversion.levels, found.remarks, seen if found.transparent else "")


def _splits(parts: dict[Part, Classes], names: tuple[str, ...], found: LoadedImages) -> dict[Part, Split]:
    """The images that could be read, of each published split that there is."""
    files = [(part, name) for part, classes in parts.items() for name, paths in classes.items() for _ in paths]
    kept = [files[position] for position in found.kept]
    labels = np.array([names.index(name) for _, name in kept], dtype=np.int64)
    of_part = {part: np.array([each == part for each, _ in kept]) for part in parts}
    read = Split(found.images, labels)
    return {part: read.take(chosen) for part, chosen in of_part.items()}


def _checked_root(directory: Path | None) -> Path:
    if directory is None:
        raise InputError("dataset.dir: missing; expected a directory of images. Set dataset.dir=/path/to/images")
    if not os.path.isdir(directory):
        found = fault(directory) or "it is a file"
        raise InputError(
            f"dataset.dir={directory}: {found}; expected a directory of images. Set dataset.dir=/path/to/images"
        )
    return directory
