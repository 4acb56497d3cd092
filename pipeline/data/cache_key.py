"""The key under which the images of a data set are cached: equal where files, settings and code would give the same."""

import hashlib
import inspect
import os
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

DECODERS = ("numpy", "pillow")
"""Packages whose versions may decide the last bit of a pixel."""


def cache_key(settings: object, source: object, files: Sequence[Path]) -> str:
    """Hash the files by their paths, sizes and times, of the settings, and of the code that makes pixels of them.

    Args:
        settings: the settings of the data set; their `repr` tells all of them.
        source: the source, whose code reads the files.
        files: the files that are read.
    """
    digest = hashlib.sha256(_code(Path(inspect.getfile(type(source)))))
    digest.update(repr((settings, [version(package) for package in DECODERS])).encode("utf-8", "backslashreplace"))
    for file in files:
        digest.update(os.fsencode(os.path.abspath(file)) + repr(_state(file)).encode())
    return digest.hexdigest()


def _state(file: Path) -> tuple[int, ...] | None:
    """The size of a file and when it was written and changed, in nanoseconds; None where that cannot be read."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    # A file may be given an old time of writing, as by archive programs, but no old time of change.
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


@cache
def _code(source: Path) -> bytes:
    """The hash of all code of `pipeline/data`, and of the file of a source, which may be the user's own."""
    files = sorted({*Path(__file__).parent.glob("*.py"), source})
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).digest()
