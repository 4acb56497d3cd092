"""The files of a published data set: where they are on this machine, and which are missing."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.data.listing import fault, visible
from pipeline.errors import InputError
from pipeline.places import DATA


def home_of(directory: Path | None, folder: str, names: Sequence[str]) -> Path:
    """The folder that holds most of these files: `<directory>/<folder>`, or the directory itself.

    Where neither holds any of the files, it is `<directory>/<folder>`, which need not exist.

    Args:
        directory: the setting `dataset.dir`; None for `DATA`.
        folder: name of the data set's folder.
        names: of the files.

    Raises:
        InputError: the directory is a file, or its parent does not exist: then its path is mistyped.
    """
    base = directory or DATA
    if os.path.isfile(base):
        raise InputError(f"dataset.dir={base}: is a file; expected the folder that holds {folder}/ or its files")
    if directory and not os.path.exists(base.parent):
        raise InputError(
            f"dataset.dir={base}: does not exist, nor does the folder that it would be in; expected the one that holds "
            f"{folder}/ or {', '.join(names)}. Correct dataset.dir or VAE_DATA_DIR, or leave both out to use data/"
        )
    return max((base / folder, base), key=lambda place: len(names) - len(missing_from(place, names)))


def file_in(home: Path, name: str) -> Path | None:
    """The file of this name, gzipped as published or unpacked; None where there is neither.

    Some mirrors write `train-images-idx3-ubyte` with a dot before `idx3`; some put each file into a folder of its name.
    """
    return next((path for path in _spellings(home, name) if os.path.isfile(path)), None)


def missing_from(home: Path, names: Sequence[str]) -> list[str]:
    """The names of the files that are not in `home`."""
    return [name for name in names if file_in(home, name) is None]


def refuse_near_names(home: Path, names: Sequence[str]) -> None:
    """Refuse to download a file that the folder may hold under nearly the same name.

    Raises:
        InputError: there is such a file; the message names it.
    """
    present = {_bare(path.name): path for path in visible(home)} if os.path.isdir(home) else {}
    for name in missing_from(home, names):
        for bare, path in present.items():
            if bare.startswith(_bare(name.removesuffix(".gz"))):
                reason = fault(path)
                cure = f"Put {name} there" if reason else "Rename it if it is that file"
                raise InputError(
                    f"{home}: expected {name}, found {path.name}{f', but {reason}' if reason else ''}. {cure}, or move "
                    f"{path.name} elsewhere to have {name} downloaded"
                )


def how_to_place(home: Path, names: Sequence[str]) -> str:
    """The cure for missing files: where to put them, or how to set where they are."""
    return (
        f"Put these files into {home}: {', '.join(names)}. "
        f"Or, if they are elsewhere, set dataset.dir=/path/to/data or the environment variable VAE_DATA_DIR"
    )


def _spellings(home: Path, name: str) -> Iterator[Path]:
    for each in (name, name.removesuffix(".gz")):
        for spelling in (each, re.sub(r"-(idx\d-ubyte)", r".\1", each), re.sub(r"\.(idx\d-ubyte)", r"-\1", each)):
            yield home / spelling
            yield home / spelling / spelling


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
