"""The eviction of cached data: those whose last use is longest ago go first, and those in use never."""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.data.cache_place import SIZE_VARIABLE, CachePlace, cache_place
from pipeline.data.cached_data import PAGE, is_in_use
from pipeline.text.wording import counted

log = logging.getLogger(__name__)

UNFINISHED = ".unfinished"
"""The ending of a folder that is being written or removed; a process that is killed may leave one."""
RESERVED = ".reserved"
"""The ending of a file with the bytes that a process is about to write, by which their room is taken."""
LOCK_TIMEOUT = 2.0
"""Seconds after which it is said that another process is waited for."""


@dataclass(frozen=True)
class _Kept:
    """Data that the cache keeps.

    Attributes:
        folder: the folder of the data.
        size: the size of its files, in bytes.
        used_at: when the data were used last, in seconds since 1970.
    """

    folder: Path
    size: int
    used_at: float


@contextmanager
def locked(folder: Path, doing: str = "reads these images") -> Iterator[None]:
    """Hold the lock of the data that are, or will be, in a folder, for which other processes wait meanwhile.

    Args:
        folder: the folder of the data.
        doing: what a process does that holds it, for those who wait.
    """
    lock = _lock_of(folder)
    try:
        lock.acquire(timeout=LOCK_TIMEOUT)
    except Timeout:
        log.info(f"{folder}: another process {doing}. Waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def make_room(place: CachePlace, folder: Path, size: int) -> bool:
    """Remove data from the cache until more data do not exceed its limit, and reserve their room.

    Args:
        place: the cache.
        folder: the folder of the data to come, of which this process holds the lock until `release_room`.
        size: their size in bytes.

    Returns:
        Whether there is room.

    Raises:
        OSError: the disk is full.
    """
    with _one_evicts(place):
        release_room(folder)  # of a process that was killed
        _remove_unfinished(place)
        kept = sorted(_kept(place), key=lambda each: each.used_at)
        reserved = sum(int(path.read_text()) for path in place.folder.glob(f"*{RESERVED}"))
        in_use = sum(each.size for each in kept if is_in_use(each.folder))
        if in_use + reserved + size > place.limit:
            return False  # nothing is removed for data that would not fit even if all else were
        taken = sum(each.size for each in kept) + reserved + size
        for each in kept:
            if taken <= place.limit:
                break
            if _remove(each.folder):
                taken -= each.size
                used = datetime.fromtimestamp(each.used_at)
                log.info(
                    f"{each.folder}: removed from the cache, which may hold {size_text(place.limit)} "
                    f"({SIZE_VARIABLE}); it was last used {used:%Y-%m-%d %H:%M}"
                )
        if taken <= place.limit:
            _reservation(folder).write_text(str(size))
        return taken <= place.limit


def release_room(folder: Path) -> None:
    """End the reservation of room for the data of a folder, which are there now, or will not come."""
    _reservation(folder).unlink(missing_ok=True)


def clear_cache() -> str:
    """Remove all cached data but those in use, and say what was removed."""
    place = cache_place()
    if place is None or not place.folder.exists():
        return "The cache of images is empty"
    with _one_evicts(place):
        _remove_unfinished(place)
        kept = list(_kept(place))
        removed = [each for each in kept if _remove(each.folder)]
    if not kept:
        return "The cache of images is empty"
    in_use = len(kept) - len(removed)
    left = f"; {in_use} in use {'stays' if in_use == 1 else 'stay'}" if in_use else ""
    total = size_text(sum(each.size for each in removed))
    return f"{counted(len(removed), 'item')} removed from {place.folder}, {total}{left}"


def _one_evicts(place: CachePlace) -> FileLock:
    """Give the lock of whoever removes data: of two that look at the same time, both would count on the same room."""
    return _lock_of(place.folder / "eviction")


def _remove_unfinished(place: CachePlace) -> None:
    """Remove what processes that were killed have left."""
    for path in place.folder.glob(f"*{UNFINISHED}"):
        _remove(path.with_name(path.name.removesuffix(UNFINISHED)))
    for path in place.folder.glob(f"*{RESERVED}"):
        folder = path.with_name(path.name.removesuffix(RESERVED))
        with suppress(Timeout), _lock_of(folder).acquire(timeout=0):
            release_room(folder)


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


def _reservation(folder: Path) -> Path:
    return folder.with_name(folder.name + RESERVED)


def _kept(place: CachePlace) -> Iterator[_Kept]:
    for page in place.folder.glob(f"*/{PAGE}"):
        if page.parent.suffix != UNFINISHED:
            with suppress(FileNotFoundError):  # another process has found them damaged, and removes them
                size = sum(file.stat().st_size for file in page.parent.iterdir())
                yield _Kept(page.parent, size, page.stat().st_mtime)
