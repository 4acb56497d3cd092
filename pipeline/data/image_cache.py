"""The cache of images: what was read once is mapped at the next start, by every process of this machine."""

import logging
import os
import re
import shutil
from collections.abc import Callable

from pipeline.data import cached_data
from pipeline.data.cache_eviction import UNFINISHED, clear_folder, locked, make_room, release_room, size_text
from pipeline.data.cache_place import GIGABYTES, SIZE_VARIABLE, CachePlace, cache_place
from pipeline.data.cached_data import CachedData, DamagedCacheError
from pipeline.data.images import ImageData
from pipeline.data.loaded_data import LoadedData

log = logging.getLogger(__name__)

ATTEMPTS = 2
"""Data that are damaged are read anew once. If they are damaged again, the disk of the cache cannot be trusted."""


class ImageCache:
    """The cache for one data set.

    Args:
        place: the place of all cached data of this machine.
        name: the name of the data set.
        key: the key of the data, as `cache_key` gives it: only equal data have the same.
    """

    def __init__(self, place: CachePlace, name: str, key: str) -> None:
        self.place = place
        self.name = name
        self.folder = place.folder / f"{re.sub('[^a-zA-Z0-9]+', '-', name)[:40]}-{key[:20]}"

    def load(self, read: Callable[[], LoadedData], *, judge_appearance: bool) -> ImageData:
        """Map the images, or read them where the cache lacks them, and have it keep them.

        Of processes that want the same images at a time, one reads them and the others wait for it.

        Args:
            read: reads the images, and logs the remarks on them.
            judge_appearance: refuse images without content that are in the cache.

        Raises:
            InputError: as `read` does, or for images without content.
        """
        if not self._is_usable():
            return read().data.materialised()
        for _ in range(ATTEMPTS):
            with locked(self.folder):
                found = self._found()
                if found is None:
                    return self._made(read)
            if self._is_sound(found):
                found.loaded.remarks.repeat(judge_appearance=judge_appearance)
                return found.loaded.data
            with locked(self.folder):  # another process may have read them anew meanwhile
                again = self._found()
                if again is not None and not self._is_sound(again):
                    self._forget("its checksums are wrong")
        return read().data.materialised()

    def _is_usable(self) -> bool:
        try:
            self.place.folder.mkdir(parents=True, exist_ok=True)
            reason = "" if os.access(self.place.folder, os.W_OK) else "it is not writable"
        except OSError as error:
            reason = str(error.strerror)
        if reason:
            log.warning(
                f"{self.place.folder}: no cache of images ({reason}), so that {self.name} is read at every start. Set "
                "VAE_CACHE_DIR to a folder on a disk of this machine"
            )
        return not reason

    def _found(self) -> CachedData | None:
        """Map the data in the cache; None where it lacks them, or what it has is damaged."""
        if not self.folder.exists():
            return None
        try:
            return cached_data.mapped(self.folder)
        except DamagedCacheError as error:
            self._forget(str(error))
            return None

    def _is_sound(self, found: CachedData) -> bool:
        try:
            found.check()
        except DamagedCacheError:
            return False
        return True

    def _forget(self, reason: str) -> None:
        log.warning(f"{self.folder}: what the cache has of {self.name} is damaged ({reason}). It is read anew")
        clear_folder(self.folder)

    def _made(self, read: Callable[[], LoadedData]) -> ImageData:
        """Read the images, and give them mapped from the cache if it can keep them."""
        loaded = read()
        size = loaded.data.nbytes
        unfinished = self.folder.with_name(self.folder.name + UNFINISHED)
        shutil.rmtree(unfinished, ignore_errors=True)  # of a process that was killed
        try:
            if not make_room(self.place, self.folder, size):
                log.warning(
                    f"{self.name}: {size_text(size)} of images are not kept in the cache, which may hold "
                    f"{size_text(self.place.limit)} with all that is in use. They are in the memory of each process, "
                    f"and are read at every start. Set {SIZE_VARIABLE}, which is {GIGABYTES:g} unless it is set"
                )
                return loaded.data.materialised()
            cached_data.write(loaded, unfinished)
            del loaded  # the memory that the images were read into
            cached_data.seal(unfinished)
            unfinished.rename(self.folder)
        except OSError as error:
            log.warning(f"{self.folder}: {error.strerror}. {self.name} is read without a cache")
            return read().data.materialised()
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
            release_room(self.folder)
        log.info(f"{self.name}: kept for the next start in {self.folder}, {size_text(size)}")
        return cached_data.mapped(self.folder).loaded.data


def cached(key: str | None, name: str, read: Callable[[], LoadedData], *, judge_appearance: bool) -> ImageData:
    """Give the images that `read` gives, from the cache where there is a key and a place for it.

    Args:
        key: the key of the data, as `cache_key` gives it; None where reading is quick.
        name: the name of the data set.
        read: reads the images, and logs the remarks on them.
        judge_appearance: refuse images without content that are in the cache.

    Raises:
        InputError: as `read` does, or for images without content.
    """
    place = cache_place()
    if key is None or place is None:
        return read().data.materialised()
    return ImageCache(place, name, key).load(read, judge_appearance=judge_appearance)
