"""An array in an `.npz` file, read a chunk at a time, so that large files need little memory."""

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from pipeline.data.chunks import chunks
from pipeline.data.pixel_memory import pixel_memory
from pipeline.errors import InputError
from pipeline.text.wording import first_line

HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
"""What reads the header of an array, by the version of the format; others are for names of fields, not for numbers."""

CURE = "Write it with numpy.savez_compressed"


@contextmanager
def refusing_damage(path: Path) -> Iterator[None]:
    """Refuse the file by name if it turns out to be damaged in the block, or no `.npz` file."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # NumPy and zipfile raise nearly anything on damaged files
        raise InputError(
            f"{path}: not an .npz file of plain arrays, or damaged ({first_line(error)}). {CURE}"
        ) from error


class NpzArray:
    """An array of an archive, of which only the header has been read.

    Args:
        archive: the opened `.npz` file.
        key: of the array.
        path: of the file, for messages.

    Attributes:
        shape, dtype: of the array.

    Raises:
        InputError: the file is damaged, or has something else than an array under this key.
    """

    def __init__(self, archive: zipfile.ZipFile, key: str, path: Path) -> None:
        self._archive = archive
        self._path = path
        self._name = key if key in archive.namelist() else f"{key}.npy"
        with refusing_damage(path), archive.open(self._name) as file:
            self.shape, self._by_columns, self.dtype = _header(file)

    def chunks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """The array [N, ...] chunk by chunk, [n, ...], with the place of each chunk in it.

        Raises:
            InputError: the file is damaged.
        """
        count = self.shape[0] if self.shape else 0
        size = math.prod(self.shape[1:]) * self.dtype.itemsize
        with refusing_damage(self._path), self._archive.open(self._name) as file:
            _header(file)
            if self._by_columns:
                whole = self._columns(file, count * size)
                yield from ((place, whole[place]) for place in chunks(count, size))
                return
            for place in chunks(count, size):
                part = np.empty((place.stop - place.start, *self.shape[1:]), self.dtype)
                _fill(part.reshape(-1).view(np.uint8), file)
                yield place, part
            _end(file)

    def _columns(self, file: IO[bytes], size: int) -> np.ndarray:
        """The array as it is stored: its first index changes fastest, so that no chunk of it is in one place."""
        stored = pixel_memory((size,))
        for place in chunks(size, 1):
            _fill(stored[place], file)
        _end(file)
        return stored.view(self.dtype).reshape(self.shape, order="F")


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    if version not in HEADERS:
        raise ValueError(f"version {version} of NumPy's format")
    return HEADERS[version](file)


def _fill(memory: np.ndarray, file: IO[bytes]) -> None:
    """Fill memory, uint8 [n], with the next bytes of a file."""
    view = memory.data
    while view:
        count = file.readinto(view)  # type: ignore[attr-defined]
        if not count:
            raise ValueError(f"{len(view):,} bytes are missing")
        view = view[count:]


def _end(file: IO[bytes]) -> None:
    """Read on to the end, where the archive checks what was read."""
    if file.read(1):
        raise ValueError("more bytes than its header says")
