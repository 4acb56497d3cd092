"""Where the files of a published data set lie on this machine."""

from collections.abc import Sequence
from pathlib import Path

from pipeline import ROOT
from pipeline.errors import InputError


def home_of(directory: Path | None, folder: str, names: Sequence[str]) -> Path:
    """The place that holds most of these files: `<directory>/<folder>`, or the directory itself.

    Without any of the files it is `<directory>/<folder>`, which need not exist. Without a directory, it is looked for
    under `data/` in the checkout.

    Raises:
        InputError: the directory is a file, or is not there: then it is mistyped, and nothing should be put into it.
    """
    base = directory or ROOT / "data"
    if base.is_file():
        raise InputError(f"dataset.dir={base}: is a file; wanted the folder that holds {folder}/ or its files")
    if directory and not base.parent.exists():
        raise InputError(
            f"dataset.dir={base}: does not exist, nor does the folder that it would be in; wanted the one that holds "
            f"{folder}/ or {', '.join(names)}. Correct dataset.dir or VAE_DATA_DIR, or leave both out to use data/"
        )
    return max((base / folder, base), key=lambda place: len(names) - len(missing_from(place, names)))


def file_in(home: Path, name: str) -> Path | None:
    """The file of this name, gzipped as published or already unpacked; None where there is neither."""
    candidates = (home / name, home / name.removesuffix(".gz"))
    return next((path for path in candidates if path.is_file()), None)


def missing_from(home: Path, names: Sequence[str]) -> list[str]:
    """Those of the files that are not there."""
    return [name for name in names if file_in(home, name) is None]


def cure(home: Path, names: Sequence[str]) -> str:
    """What a user can do about missing files."""
    return (
        f"Place into {home} by hand: {', '.join(names)}. "
        f"Or say where they are: dataset.dir=/path/to/data, or the environment variable VAE_DATA_DIR"
    )
