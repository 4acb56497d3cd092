"""Files of runs and outboxes: their paths, which are relative and lead nowhere else, and writing one as a whole."""

import os
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, Field


def _below(path: str) -> str:
    """Check that a path leads to a file below the folder that it is relative to, on every system."""
    parts = PurePosixPath(path).parts
    if not parts or str(PurePosixPath(path)) != path or path.startswith("/") or set(path) & set('\\:\0"<>|?*'):
        raise ValueError("expected a relative path with single slashes")
    if ".." in parts:
        raise ValueError("expected a path without ..")
    return path


FilePath = Annotated[str, AfterValidator(_below), Field(max_length=500)]
"""The path of a file below the artifact root of a run, or below the folder of its model, with slashes."""


def paths_below(folder: Path) -> list[str]:
    """Return the paths of all files below a folder, relative to it."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole, or not at all."""
    unfinished = path.with_suffix(".unfinished")
    with open(unfinished, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
