"""Pixels that are read are kept in the process if they are few, and in a nameless file of the disk if they are many."""

import logging
import math
import os
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np

from pipeline.data.cache_place import cache_place

log = logging.getLogger(__name__)

LARGE = 2**26
"""Bytes from which on pixels are in a file."""

ALIGNMENT = 64
"""Bytes of which the address of pixels must be a multiple, so that TensorFlow can use them where they are."""


def pixel_memory(shape: tuple[int, ...]) -> np.ndarray:
    """Give memory for the pixels of a data set while it is read, uint8 [N, H, W, C] of this shape.

    The file of many pixels is in the folder of the cache; it has no name, so that it is gone with the array, or with a
    process that is killed. Where no cache is wanted, or its disk is full, all pixels are in the process.
    """
    place = cache_place()
    if place is None or math.prod(shape) < LARGE:
        return aligned_memory(shape)
    try:
        return _file_memory(shape, place.folder)
    except OSError as error:
        log.warning(f"{place.folder}: {error.strerror}. Images are read into memory instead, which may not suffice")
        return aligned_memory(shape)


def aligned_memory(shape: tuple[int, ...]) -> np.ndarray:
    """Memory of this process, uint8 [N, H, W, C] of this shape, that TensorFlow can use without a copy."""
    size = math.prod(shape)
    memory = np.empty(size + ALIGNMENT, dtype=np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size].reshape(shape)


def _file_memory(shape: tuple[int, ...], folder: Path) -> np.ndarray:
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=folder) as file:
        # Without room on the disk, a process that writes into the mapped file would be killed by a signal.
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, math.prod(shape))
        return np.memmap(file, np.uint8, "r+", shape=shape)
