"""Where the files of a published data set lie on this machine."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline import ROOT
from pipeline.data.listing import fault, visible
from pipeline.errors import InputError


def home_of(directory: Path | None, folder: str, names: Sequence[str]) -> Path:
    """The place that holds most of these files: `<directory>/<folder>`, or the directory itself.

    Without any of the files it is `<directory>/<folder>`, which need not exist. Without a directory, it is looked for
    under `data/` in the checkout.

    Raises:
        InputError: the directory is a file, or is not there: then it is mistyped, and nothing should be put into it.
    """
    base = directory or ROOT / "data"
    if os.path.isfile(base):
        raise InputError(f"dataset.dir={base}: is a file; expected the folder that holds {folder}/ or its files")
    if directory and not os.path.exists(base.parent):
        raise InputError(
            f"dataset.dir={base}: does not exist, nor does the folder that it would be in; expected the one that holds "
            f"{folder}/ or {', '.join(names)}. Correct dataset.dir or VAE_DATA_DIR, or leave both out to use data/"
        )
    return max((base / folder, base), key=lambda place: len(names) - len(missing_from(place, names)))


def file_in(home: Path, name: str) -> Path | None:
    """The file of this name, gzipped as published or already unpacked; None where there is neither.

    Mirrors spell `train-images-idx3-ubyte` with a dot before `idx3`, and some put each file into a folder of its name.
    """
    return next((path for path in _spellings(home, name) if os.path.isfile(path)), None)


def missing_from(home: Path, names: Sequence[str]) -> list[str]:
    """Those of the files that are not there."""
    return [name for name in names if file_in(home, name) is None]


def refuse_near_names(home: Path, names: Sequence[str]) -> None:
    """Refuses, with an `InputError`, to download what somebody may have put there under nearly the same name."""
    present = {_bare(path.name): path for path in visible(home)} if os.path.isdir(home) else {}
    for name in missing_from(home, names):
        for bare, path in present.items():
            if bare.startswith(_bare(name.removesuffix(".gz"))):
                reason = fault(path)
                found = f"is there, but {reason}" if reason else "may be meant: rename it"
                raise InputError(
                    f"{home}: lacks {name}; {path.name} {found}. Or move it elsewhere, and {name} is downloaded"
                )


def cure(home: Path, names: Sequence[str]) -> str:
    """What a user can do about missing files."""
    return (
        f"Place into {home} by hand: {', '.join(names)}. "
        f"Or say where they are: dataset.dir=/path/to/data, or the environment variable VAE_DATA_DIR"
    )


def _spellings(home: Path, name: str) -> Iterator[Path]:
    for each in (name, name.removesuffix(".gz")):
        for spelling in (each, re.sub(r"-(idx\d-ubyte)", r".\1", each), re.sub(r"\.(idx\d-ubyte)", r"-\1", each)):
            yield home / spelling
            yield home / spelling / spelling


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
