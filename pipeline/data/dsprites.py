"""A source of images: the published file of dSprites, binary shapes with known factors of variation."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.data.factors import Factor
from pipeline.data.images import Split
from pipeline.data.npz_archive import npz_file, opened, plain, unread
from pipeline.data.npz_array import NpzArray, refusing_damage
from pipeline.data.pixel_memory import pixel_memory
from pipeline.data.source import Published
from pipeline.data.splits import TestShare, set_test_aside
from pipeline.errors import InputError

IMAGES = "imgs"
"""The key of the images, uint8 [N, H, W] of 0 and 1."""

VALUES = "latents_classes"
"""The key of the values of the factors, numbered from 0, integers [N, 6]."""

NAMES = ("colour", "shape", "size", "angle", "x", "y")
"""The factors in the order of the file, which calls them color, shape, scale, orientation, posX and posY."""

SHAPE = NAMES.index("shape")
CLASSES = ("square", "ellipse", "heart")
"""The values of the factor shape in their order."""

EXPECTED = "expected the file of dSprites as it is published"


@dataclass(frozen=True, kw_only=True)
class DSprites:
    """dSprites (Matthey, Higgins, Hassabis and Lerchner 2017): 737,280 white shapes of 64x64 pixels.

    Factors with a single value, as the colour has, are left out. The arrays of Python objects that the file has as well
    are not read.

    Attributes:
        test: the share of images that becomes the test split.
    """

    test: TestShare

    def files(self, directory: Path | None) -> Sequence[Path]:
        """The file, whose pixels are copied into the cache, so that all processes map them."""
        return [npz_file(directory)]

    def read(self, directory: Path | None) -> Published:
        """Both splits, uint8 [N, H, W, 1], in random order.

        Args:
            directory: the file, or the folder that it is in.

        Raises:
            InputError: it is not the file of dSprites, or damaged.
        """
        path = npz_file(directory)
        with refusing_damage(path):
            archive = opened(path)
        with archive:
            if missing := [key for key in (IMAGES, VALUES) if key not in archive.files]:
                raise InputError(
                    f"{path}: has {', '.join(archive.files) or 'no array'}, but not {' and '.join(missing)}; "
                    f"{EXPECTED}. For arrays of your own set dataset=npz"
                )
            values = _checked(plain(archive, VALUES, path), path)
            images = _white(unread(archive, IMAGES, path), len(values), path)
        varied = [column for column in range(len(NAMES)) if values[:, column].any()]
        factors = [Factor(NAMES[each], int(values[:, each].max()) + 1, ordered=each > SHAPE) for each in varied]
        whole = Split(images, values[:, SHAPE], values[:, varied])
        train, test = set_test_aside(whole.labels, self.test, str(path))
        return Published(whole.take(train), whole.take(test), CLASSES, str(path), factors=tuple(factors))


def _checked(values: np.ndarray, path: Path) -> np.ndarray:
    """The values of the factors, int64 [N, 6]."""
    if values.dtype.kind not in "iu" or values.ndim != 2 or values.shape[1] != len(NAMES):
        raise InputError(
            f"{path}: {VALUES} is {values.dtype} {list(values.shape)}; expected whole numbers [number, {len(NAMES)}], "
            f"{EXPECTED}"
        )
    if (values < 0).any() or (values[:, SHAPE] >= len(CLASSES)).any():
        raise InputError(
            f"{path}: {VALUES} has {values.min():,} to {values.max():,}, and shapes up to {values[:, SHAPE].max()}; "
            f"expected numbers from 0 on, and shapes up to {len(CLASSES) - 1}, {EXPECTED}"
        )
    return values.astype(np.int64)


def _white(stored: NpzArray, number: int, path: Path) -> np.ndarray:
    """The images with white for 1, uint8 [N, H, W, 1]."""
    if stored.dtype != np.uint8 or len(stored.shape) != 3 or stored.shape[0] != number:
        raise InputError(
            f"{path}: {IMAGES} is {stored.dtype} {list(stored.shape)}; expected uint8 [{number}, height, width], as "
            f"{VALUES} has {number:,} lines. Take the file of dSprites as it is published"
        )
    images = pixel_memory((*stored.shape, 1))
    for place, part in stored.chunks():
        if part.max(initial=0) > 1:
            raise InputError(f"{path}: {IMAGES} has pixels up to {part.max()}; expected 0 and 1, {EXPECTED}")
        images[place] = 255 * part[..., None]
    return images
