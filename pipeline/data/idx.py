"""IDX, the file format of MNIST and of the data sets made after it."""

import gzip
import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, cast, get_args

import numpy as np

from pipeline.data.class_names import Names
from pipeline.data.download import Md5, PublishedFile, download, writing_to
from pipeline.data.images import Split
from pipeline.data.levels import Level, Levels
from pipeline.data.published_files import file_in, home_of, how_to_place, missing_from, refuse_near_names
from pipeline.data.source import Published, check_labels, with_levels
from pipeline.errors import InputError

CONTENT = {1: "labels", 3: "images"}
"""The content of a file by its number of dimensions."""

CURE = "Replace it with the published file; a published file that you delete is downloaded again"


Role = Literal["train_images", "train_labels", "test_images", "test_labels"]


@dataclass(frozen=True, kw_only=True)
class Idx:
    """A data set of four IDX files, gzipped or not, of which those that are missing are downloaded.

    Attributes:
        folder: name of its folder in the data directory.
        train_images, train_labels, test_images, test_labels: names of the files as published.
        md5: of the files as published; one without is never downloaded.
        mirrors: addresses of a folder with these files, each ending with a slash; tried in this order.
        class_names: what the labels 0, 1, 2 … mean.
        black, white: the values stored that are black and white; null for 0 and 255.
    """

    folder: str
    train_images: str
    train_labels: str
    test_images: str
    test_labels: str
    md5: dict[Role, Md5]
    mirrors: list[str]
    class_names: Names
    black: Level | None = None
    white: Level | None = None

    def __post_init__(self) -> None:
        Levels(self.black, self.white)

    def read(self, directory: Path | None) -> Published:
        """The published splits, uint8 [N, H, W, 1], in their order; files may hold a part of the published images."""
        names = [self.train_images, self.train_labels, self.test_images, self.test_labels]
        home = home_of(directory, self.folder, names)
        if missing := missing_from(home, names):
            refuse_near_names(home, names)
            self._download(home, how_to_place(home, missing))
        train = self._split(home, self.train_images, self.train_labels)
        test = self._split(home, self.test_images, self.test_labels)
        published = Published(train, test, tuple(self.class_names), str(home))
        return with_levels(published, Levels(self.black, self.white))

    def _download(self, home: Path, cure: str) -> None:
        with writing_to(home, cure):
            for role in get_args(Role):
                file = PublishedFile(getattr(self, role), self.md5.get(role))
                if file_in(home, file.name) is None:
                    download(file, self.mirrors, home, cure)

    def _split(self, home: Path, images: str, labels: str) -> Split:
        split = read_pair(home, images, labels)
        check_labels(split.labels, len(self.class_names), str(file_in(home, labels)))
        return split


def read_pair(home: Path, images_name: str, labels_name: str) -> Split:
    """Images, uint8 [N, H, W, 1], with their labels, int64 [N], as the file numbers them.

    Raises:
        InputError: a file is missing or damaged, or the two do not belong together.
    """
    images_path = file_in(home, images_name)
    labels_path = file_in(home, labels_name)
    if images_path is None or labels_path is None:
        raise InputError(
            f"{home}: a file is missing. {how_to_place(home, missing_from(home, [images_name, labels_name]))}"
        )
    images = read_idx(images_path, 3)
    labels = read_idx(labels_path, 1)
    if len(images) != len(labels):
        raise InputError(
            f"{images_path} holds {len(images):,} images, {labels_path} {len(labels):,} labels; "
            f"expected one label an image. Take both files from the same source"
        )
    return Split(images[..., np.newaxis], labels.astype(np.int64))


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """The array in an IDX file, uint8 [N, H, W] for images of 3 dimensions, uint8 [N] for labels of 1 dimension.

    The format is that of http://yann.lecun.com/exdb/mnist: two zero bytes, 8 for unsigned bytes, the number of
    dimensions, each size as a big-endian 32-bit integer, then the values.

    Raises:
        InputError: the file is not IDX, holds something else, is damaged, or has more or fewer bytes than it says.
    """
    try:
        with _opened(path) as file:
            shape = _read_header(file, path, dimensions)
            return _read_body(file, path, shape)
    except (EOFError, zlib.error, OSError) as error:
        raise InputError(f"{path}: damaged or cut short ({error}). {CURE}") from error


def _opened(path: Path) -> BinaryIO:
    # The first bytes tell whether a file is gzipped; browsers unpack files and keep the name.
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return cast(BinaryIO, gzip.open(path)) if zipped else path.open("rb")


def _read_header(file: BinaryIO, path: Path, dimensions: int) -> tuple[int, ...]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:3] != b"\0\0\x08" or magic[3] not in CONTENT:
        raise InputError(
            f"{path}: starts with {magic!r}, so it is not an IDX file of {CONTENT[dimensions]}; "
            f"expected {bytes([0, 0, 8, dimensions])!r}, gzipped or not. {CURE}"
        )
    if magic[3] != dimensions:
        raise InputError(
            f"{path}: holds {CONTENT[magic[3]]}; expected {CONTENT[dimensions]}. "
            "Check whether the files of images and labels are swapped"
        )
    sizes = file.read(4 * dimensions)
    if len(sizes) < 4 * dimensions:
        raise InputError(f"{path}: cut short within its header of {4 + 4 * dimensions} bytes. {CURE}")
    return tuple(int(size) for size in np.frombuffer(sizes, dtype=">u4"))


def _read_body(file: BinaryIO, path: Path, shape: tuple[int, ...]) -> np.ndarray:
    expected = math.prod(shape)
    # The buffer grows with the file, 1 MiB at a time, so that a wrong header cannot ask for more memory than that.
    body = bytearray()
    while len(body) <= expected and (piece := file.read(2**20)):
        body += piece
    if len(body) != expected:
        found = f"only {len(body):,}" if len(body) < expected else "more"
        sizes = "x".join(str(size) for size in shape)
        raise InputError(f"{path}: its header says {sizes}, that is {expected:,} bytes, but {found} follow. {CURE}")
    return np.frombuffer(body, dtype=np.uint8).reshape(shape)
