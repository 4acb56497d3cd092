"""A source of images: arrays that the user has saved with NumPy."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.config.values import Text
from pipeline.data.class_names import NamesOrNone
from pipeline.data.images import Split
from pipeline.data.labels import codes_of, numbered
from pipeline.data.levels import Level, Levels, joint
from pipeline.data.npz_archive import npz_file, opened, plain, unread
from pipeline.data.npz_array import refusing_damage
from pipeline.data.npz_layout import PARTS, WHOLE, Layout, layout_of
from pipeline.data.source import Part, Published, Reading
from pipeline.data.splits import TestShare, set_test_aside
from pipeline.data.to_uint8 import ConvertedImages, converted
from pipeline.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Npz:
    """An .npz file with arrays `x_train`, `y_train`, `x_test`, `y_test`, or `images` and `labels`, or similar names.

    Images are [N, H, W], [N, H, W, C] or [N, C, H, W]. Labels are numbers or texts, [N]; without labels, all images are
    of the class `image`.

    Attributes:
        test: the share of images that becomes the test split, where the file has none.
        class_names: names of the labels 0, 1, 2 …; null for the labels that occur, as text.
        black, white: the values stored that are black and white; null for 0 and for the largest of uint8, uint16 and
            bool, for 1 in floats.
        train_images, train_labels, validation_images, validation_labels, test_images, test_labels: keys of the arrays;
            null for those that have a usual name.
    """

    test: TestShare
    class_names: NamesOrNone
    black: Level | None = None
    white: Level | None = None
    train_images: Text | None = None
    train_labels: Text | None = None
    validation_images: Text | None = None
    validation_labels: Text | None = None
    test_images: Text | None = None
    test_labels: Text | None = None

    def __post_init__(self) -> None:
        Levels(self.black, self.white)

    def files(self, directory: Path | None) -> Sequence[Path]:
        """The file: images are copied into the cache, so that they are mapped instead of held by each process."""
        return [npz_file(directory)]

    def read(self, directory: Path | None) -> Published:
        """The splits, uint8 [N, H, W, C], in random order if the file has no test split.

        Args:
            directory: the file, or the folder that it is in.
        """
        path = npz_file(directory)
        levels = Levels(self.black, self.white)
        with refusing_damage(path):
            archive = opened(path)
        with archive:
            told = {f"{part}_{kind}": getattr(self, f"{part}_{kind}") for part in PARTS for kind in WHOLE}
            layout = layout_of(archive.files, told, path)
            stored = {part: unread(archive, images, path) for part, (images, _) in layout.items()}
            labels = {key: plain(archive, key, path) for _, key in layout.values() if key}
            found = {part: converted(stored[part], path, images, levels) for part, (images, _) in layout.items()}
        splits, names = self._labelled(found, labels, layout, path)
        if "test" not in splits:
            train_at, test_at = set_test_aside(splits["train"].labels, self.test, str(path))
            splits |= {"train": splits["train"].take(train_at), "test": splits["train"].take(test_at)}
        moved = ("channels moved to the end",) if any(each.channels_moved for each in found.values()) else ()
        reading = Reading(joint([each.span for each in found.values() if each.span]), levels, moved)
        return Published(splits["train"], splits["test"], names, str(path), splits.get("validation"), reading)

    def _labelled(
        self, found: dict[Part, ConvertedImages], arrays: dict[str, np.ndarray], layout: Layout, path: Path
    ) -> tuple[dict[Part, Split], tuple[str, ...]]:
        """The splits and the class names, which are those of the training images where the settings have none."""
        names: tuple[str, ...] = ("image",)
        splits: dict[Part, Split] = {}
        codes = {part: codes_of(arrays[key], path, key) for part, (_, key) in layout.items() if key}
        for part, (images, key) in layout.items():
            pixels = found[part].images
            numbers = np.zeros(len(pixels), dtype=np.int64)
            if key and len(codes[part]) != len(pixels):
                raise InputError(
                    f"{path}: {len(pixels):,} {images} and {len(codes[part]):,} {key}; expected one label an image"
                )
            if key:
                numbers, names = numbered(codes[part], codes["train"], self.class_names, f"{path}: {key}")
            splits[part] = Split(pixels, numbers)
        return splits, names
