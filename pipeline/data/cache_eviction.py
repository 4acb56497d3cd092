"""The eviction of cached data: those whose last use is longest ago go first, and those in use never."""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.data.cache_place import SIZE_VARIABLE, CachePlace, cache_place
from pipeline.data.cached_data import PAGE, is_in_use

log = logging.getLogger(__name__)

UNFINISHED = ".unfinished"
"""The ending of a folder that is being written or removed; a process that is killed may leave one."""
LOCK_TIMEOUT = 2.0
"""Seconds after which it is said that another process is waited for."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of the data that are, or will be, in a folder, for which other processes wait meanwhile."""
    lock = _lock_of(folder)
    try:
        lock.acquire(timeout=LOCK_TIMEOUT)
    except Timeout:
        log.info(f"{folder}: another process reads these images. Waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def make_room(place: CachePlace, size: int) -> bool:
    """Remove data from the cache until `size` bytes more do not exceed its limit; return whether that was possible."""
    with _one_evicts(place):
        _remove_unfinished(place)
        latest_use = {folder: (folder / PAGE).stat().st_mtime for folder in _folders(place)}
        taken = sum(map(_size, latest_use)) + size
        for folder in sorted(latest_use, key=lambda each: latest_use[each]):
            if taken <= place.limit:
                break
            freed = _size(folder)
            if _remove(folder):
                taken -= freed
                used = datetime.fromtimestamp(latest_use[folder])
                log.info(
                    f"{folder}: removed from the cache, which may hold {size_text(place.limit)} ({SIZE_VARIABLE}); it "
                    f"was last used {used:%Y-%m-%d %H:%M}"
                )
        return taken <= place.limit


def clear_cache() -> str:
    """Remove all cached data but those in use, and say what was removed."""
    place = cache_place()
    if place is None or not place.folder.exists():
        return "The cache of images is empty"
    with _one_evicts(place):
        _remove_unfinished(place)
        sizes = {folder: _size(folder) for folder in _folders(place)}
        removed = [folder for folder in sizes if _remove(folder)]
    if not sizes:
        return "The cache of images is empty"
    in_use = len(sizes) - len(removed)
    left = f"; {in_use} in use stay" if in_use else ""
    total = size_text(sum(sizes[folder] for folder in removed))
    return f"{len(removed)} data sets removed from {place.folder}, {total}{left}"


def _one_evicts(place: CachePlace) -> FileLock:
    """Give the lock of whoever removes data: of two that look at the same time, both would count on the same room."""
    return _lock_of(place.folder / "eviction")


def _remove_unfinished(place: CachePlace) -> None:
    """Remove what processes that were killed have left."""
    for path in place.folder.glob(f"*{UNFINISHED}"):
        _remove(path.with_name(path.name.removesuffix(UNFINISHED)))


def clear_folder(folder: Path) -> None:
    """Remove data of which one holds the lock. Processes that have mapped them keep what they see."""
    unfinished = folder.with_name(folder.name + UNFINISHED)
    shutil.rmtree(unfinished, ignore_errors=True)
    if folder.exists():
        folder.rename(unfinished)  # at once, so that nobody finds half of it
        shutil.rmtree(unfinished)


def size_text(size: float) -> str:
    """A number of bytes as people say it."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB"


def _remove(folder: Path) -> bool:
    """Remove the data of a folder and what is left of an attempt to write them, unless a process is at either."""
    lock = _lock_of(folder)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    try:
        if is_in_use(folder):
            return False
        clear_folder(folder)
    finally:
        lock.release()
    return True


def _lock_of(folder: Path) -> FileLock:
    return FileLock(folder.with_name(f"{folder.name}.lock"))


def _folders(place: CachePlace) -> Iterator[Path]:
    return (page.parent for page in place.folder.glob(f"*/{PAGE}") if page.parent.suffix != UNFINISHED)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())
