"""The place of the cache of images on this machine: its folder, and the most that it may hold.

Both come from the environment, since they are a machine's and not an experiment's: a run that is recorded here and
evaluated elsewhere uses the other machine's.
"""

import math
import os
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.places import CACHE

FOLDER_VARIABLE = "VAE_CACHE_DIR"
SIZE_VARIABLE = "VAE_CACHE_GB"
GIGABYTES = 50.0
"""The most that the cache holds, where the environment does not say."""


@dataclass(frozen=True)
class CachePlace:
    """A folder for cached images.

    Attributes:
        folder: it need not exist yet.
        limit: bytes that the images in it may take.
    """

    folder: Path
    limit: float


def cache_place() -> CachePlace | None:
    """The place that `VAE_CACHE_DIR` and `VAE_CACHE_GB` name; None where the latter is 0, so that nothing is cached.

    Raises:
        InputError: the size is no number of gigabytes.
    """
    told = os.environ.get(SIZE_VARIABLE) or str(GIGABYTES)
    try:
        gigabytes = float(told)
    except ValueError:
        gigabytes = math.nan
    if not gigabytes >= 0:
        raise InputError(
            f"{SIZE_VARIABLE}={told}: expected how many gigabytes of images may be kept in the cache, such as "
            f"{GIGABYTES:g}. Set another number, or 0 to keep none"
        )
    folder = os.environ.get(FOLDER_VARIABLE)
    return CachePlace(Path(folder).expanduser().absolute() if folder else CACHE, gigabytes * 1e9) if gigabytes else None
