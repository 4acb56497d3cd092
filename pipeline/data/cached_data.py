"""Cached data: a folder with the splits of a data set as arrays that are mapped, and a page that describes them."""

import fcntl
import json
import os
import zlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import IO, Any

import numpy as np

from pipeline.data.factors import Factor
from pipeline.data.images import ImageData, Split
from pipeline.data.loaded_data import LoadedData, Remarks
from pipeline.errors import InputError

PAGE = "data.json"
"""The file that describes the others. Its time of writing is when the data were last used."""

Pieces = list[tuple[int, int]]
"""The length and the CRC-32 of each piece of a file, as it was written."""


class DamagedCacheError(Exception):
    """Files of a cache are not as they were written; the message says which."""


@dataclass(frozen=True)
class CachedData:
    """Data that are mapped from the files of a folder: the processes of a machine share what they read of them.

    Attributes:
        loaded: the data, and the remarks on them.
        files: each file as a whole, mapped, uint8 [bytes], and the pieces that it was written in.
    """

    loaded: LoadedData
    files: dict[str, tuple[np.ndarray, Pieces]]

    def check(self) -> None:
        """Compare every byte with what was written, by checksums.

        Raises:
            DamagedCacheError: a file differs.
        """
        pieces = [
            (name, content[end - length : end], checksum)
            for name, (content, written) in self.files.items()
            for (length, checksum), end in zip(written, accumulate(length for length, _ in written), strict=True)
        ]
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # checksums are computed outside of Python's lock
            found = list(pool.map(lambda piece: zlib.crc32(piece[1]), pieces))
        for (name, _, checksum), crc in zip(pieces, found, strict=True):
            if crc != checksum:
                raise DamagedCacheError(f"{name} has other bytes than were written")


def write(loaded: LoadedData, folder: Path) -> None:
    """Write data into a new folder, a chunk at a time. They can be mapped once they are sealed.

    Raises:
        OSError: the folder cannot be made, or its disk is full.
    """
    folder.mkdir()
    data = loaded.data
    names: dict[int, str] = {}
    files: dict[str, Pieces] = {}
    for name, split in data.splits.items():
        if names.setdefault(id(split), name) == name:  # validation may be the test split
            chunks = (images for _, images in split.rows.chunks())
            files |= {_images(name): _write(folder / _images(name), split.rows.shape, "|u1", chunks)}
            files |= {_labels(name): _write(folder / _labels(name), split.labels.shape, "<i8", [split.labels])}
            if (factors := split.factors) is not None:
                files |= {_factors(name): _write(folder / _factors(name), factors.shape, "<i8", [factors])}
    page: dict[str, Any] = {
        "name": data.name,
        "class_names": data.class_names,
        "factors": [(factor.name, factor.number, factor.ordered) for factor in data.factors],
        "drawn_each_epoch": data.drawn_each_epoch,
        "splits": {name: names[id(split)] for name, split in data.splits.items()},
        "files": files,
        "said": loaded.remarks.said,
        "refusal": loaded.remarks.refusal,
        "fingerprint": None,
    }
    (folder / PAGE).write_text(json.dumps(page))


def seal(folder: Path) -> None:
    """Add the fingerprint to data that were written, once the memory that they came from is free.

    Raises:
        OSError: the page cannot be written.
    """
    page = json.loads((folder / PAGE).read_text())
    page["fingerprint"] = mapped(folder).loaded.data.fingerprint
    (folder / PAGE).write_text(json.dumps(page))


def mapped(folder: Path) -> CachedData:
    """Map the data of a folder, and note that they are used.

    Raises:
        DamagedCacheError: a file is missing, or its size or header is another than was written.
    """
    try:
        page = json.loads((folder / PAGE).read_text())
        opened = {name: _mapped(folder / name) for name in page["files"]}
        files = {name: (content, page["files"][name]) for name, (content, _) in opened.items()}
        for name, (content, pieces) in files.items():
            if len(content) != sum(length for length, _ in pieces):
                raise DamagedCacheError(f"{name} has {len(content):,} bytes")
        splits = {
            # Labels and factors are few: a copy of them is an array like any other.
            name: Split(
                opened[_images(name)][1],
                np.array(opened[_labels(name)][1]),
                np.array(opened[_factors(name)][1]) if page["factors"] else None,
            )
            for name in set(page["splits"].values())
        }
        data = ImageData(
            page["name"],
            **{name: splits[stored] for name, stored in page["splits"].items()},
            class_names=tuple(page["class_names"]),
            factors=tuple(Factor(*each) for each in page["factors"]),
            drawn_each_epoch=page["drawn_each_epoch"],
            known_fingerprint=page["fingerprint"],
        )
        remarks = Remarks([(level, text) for level, text in page["said"]], page["refusal"])
        os.utime(folder / PAGE)
    except (OSError, ValueError, LookupError, TypeError, InputError) as error:
        raise DamagedCacheError(str(error)) from error
    return CachedData(LoadedData(data, remarks), files)


def is_in_use(folder: Path) -> bool:
    """Whether a process has mapped the data of a folder."""
    for path in folder.glob("*.npy"):
        try:
            with path.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # also where the file system cannot tell
            return True
    return False


def _images(name: str) -> str:
    return f"{name}-images.npy"


def _labels(name: str) -> str:
    return f"{name}-labels.npy"


def _factors(name: str) -> str:
    return f"{name}-factors.npy"


def _write(path: Path, shape: tuple[int, ...], kind: str, parts: Iterable[np.ndarray]) -> Pieces:
    """Write an array as NumPy does, part by part."""
    with path.open("wb") as file:
        checked = _Checked(file)
        np.lib.format.write_array_header_1_0(checked, {"shape": shape, "fortran_order": False, "descr": kind})
        for part in parts:
            checked.write(np.ascontiguousarray(part, dtype=kind).reshape(-1).view(np.uint8).data)
    return checked.pieces


class _Checked:
    """A file that notes the length and the checksum of each piece that is written."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.pieces: Pieces = []

    def write(self, piece: bytes | memoryview) -> None:
        self.file.write(piece)
        self.pieces.append((len(piece), zlib.crc32(piece)))


def _mapped(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The bytes of a file, and the array in it, both mapped; a lock tells others that they are, until they are not."""
    with path.open("rb") as file:
        # A map keeps the file open, and the lock with it.
        with suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        np.lib.format.read_magic(file)
        shape, _, kind = np.lib.format.read_array_header_1_0(file)
        start = file.tell()
        content = np.memmap(file, np.uint8, "r")
    return content, content[start:].view(kind).reshape(shape)
