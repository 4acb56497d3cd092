"""Feature networks in the cache of this machine: that of a data set is trained once, whichever process asks first."""

import hashlib
import io
import json
import logging
import os
import re
import shutil
import zipfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

from pipeline.data.cache_eviction import UNFINISHED, clear_folder, locked, make_room, release_room
from pipeline.data.cache_place import CachePlace, cache_place
from pipeline.data.cached_data import PAGE
from pipeline.data.images import ImageData
from pipeline.evaluation import feature_network as making
from pipeline.evaluation.feature_network import FeatureNetwork

log = logging.getLogger(__name__)

FILE = "feature_network.npz"
LIBRARIES = ("keras", "numpy", "tensorflow")
"""Packages whose versions may decide the last bit of a weight."""


def feature_network_of(data: ImageData) -> FeatureNetwork:
    """The feature network of a data set from the cache, or a new one, which the cache keeps where there is one."""
    place = cache_place()
    if place is None:
        return making.trained(data)
    folder = place.folder / f"{re.sub('[^a-zA-Z0-9]+', '-', data.name)[:40]}-features-{_key(data)[:20]}"
    try:
        place.folder.mkdir(parents=True, exist_ok=True)
        with locked(folder, "trains the feature network of these images"):
            found = _found(folder, data)
            if found is None:
                found = making.trained(data)
                _keep(found, place, folder)
            return found
    except OSError as error:
        log.warning(f"{folder}: {error.strerror}. The feature network of {data.name} is trained without a cache")
        return making.trained(data)


def _key(data: ImageData) -> str:
    """Hash the data, the code that makes the network, and the versions of libraries."""
    digest = hashlib.sha256(Path(making.__file__).read_bytes())
    digest.update(repr((data.fingerprint, [version(library) for library in LIBRARIES])).encode())
    return digest.hexdigest()


def _found(folder: Path, data: ImageData) -> FeatureNetwork | None:
    """The network of a folder; None where there is none, or a damaged one, which its name tells."""
    if not folder.exists():
        return None
    try:
        with np.load(folder / FILE) as stored:
            numbers = [stored[f"{index:03}"] for index in range(len(stored))]
        network = making.made_from(data, numbers)
        if network.name == json.loads((folder / PAGE).read_text())["name"]:
            os.utime(folder / PAGE)
            return network
    except (OSError, ValueError, LookupError, TypeError, zipfile.BadZipFile):
        pass
    log.warning(f"{folder}: the feature network of {data.name} in the cache is damaged. It is trained anew")
    clear_folder(folder)
    return None


def _keep(network: FeatureNetwork, place: CachePlace, folder: Path) -> None:
    """Write a network into the cache, if that has room.

    Raises:
        OSError: it cannot be written.
    """
    content = io.BytesIO()
    np.savez(content, **{f"{index:03}": values for index, values in enumerate(network.numbers)})  # type: ignore[arg-type]
    unfinished = folder.with_name(folder.name + UNFINISHED)
    shutil.rmtree(unfinished, ignore_errors=True)  # of a process that was killed
    try:
        if make_room(place, folder, len(content.getvalue())):
            unfinished.mkdir()
            (unfinished / FILE).write_bytes(content.getvalue())
            (unfinished / PAGE).write_text(json.dumps({"name": network.name}))
            unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        release_room(folder)
