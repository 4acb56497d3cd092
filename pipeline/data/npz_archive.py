"""An `.npz` file: where it is, and its arrays, of which none that holds Python objects is ever loaded."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pipeline.data.conversion_commands import pack_command, rewrite_command
from pipeline.data.listing import fault, visible
from pipeline.data.npz_array import NpzArray, refusing_damage
from pipeline.errors import InputError


def npz_file(directory: Path | None) -> Path:
    """The file that `dataset.dir` names, or the only one in the folder that it names.

    Raises:
        InputError: there is no such file, or there are several.
    """
    if directory is None:
        raise InputError(
            "dataset.dir: missing; expected an .npz file or the folder it is in. Set dataset.dir=/path/to/file.npz"
        )
    if os.path.isdir(directory):
        files = [path for path in visible(directory) if path.suffix == ".npz"]
        if len(files) == 1:
            return files[0]
        reason = f"holds {len(files)} .npz files"
    else:
        reason = fault(directory) or ""
    if reason:
        raise InputError(
            f"dataset.dir={directory}: {reason}; expected one .npz file. Set dataset.dir=/path/to/file.npz"
        )
    return directory


def opened(path: Path) -> np.lib.npyio.NpzFile:
    """The file as NumPy opens it, whose arrays are not read yet.

    Raises:
        InputError: it holds a single array.
    """
    loaded = np.load(path, allow_pickle=False)  # pickled objects could run anything when loaded
    if isinstance(loaded, np.ndarray):
        raise InputError(f"{path}: holds a single array; expected an .npz file. To make one: {pack_command(path)}")
    archive: np.lib.npyio.NpzFile = loaded
    return archive


def unread(archive: np.lib.npyio.NpzFile, key: str, path: Path) -> NpzArray:
    """An array of numbers, to be read a chunk at a time.

    Raises:
        InputError: it holds Python objects, or is damaged.
    """
    assert archive.zip  # until it is closed
    array = NpzArray(archive.zip, key, path)
    if array.dtype.hasobject:
        raise InputError(_objects(key, path))
    return array


def plain(archive: Mapping[str, np.ndarray], key: str, path: Path) -> np.ndarray:
    """An array of numbers or texts, [N, ...].

    Raises:
        InputError: it holds Python objects, or is damaged.
    """
    with refusing_damage(path):
        try:
            return archive[key]
        except ValueError as error:
            if "Object arrays" not in str(error):
                raise
            raise InputError(_objects(key, path)) from error


def _objects(key: str, path: Path) -> str:
    return (
        f"{path}: {key} is an array of Python objects, and to load it could run code from the file; expected "
        "numbers, or text for labels. If you trust the file, convert the array: "
        + rewrite_command(path, key, "np.array(a.tolist())", pickled=True)
    )
