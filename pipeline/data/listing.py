"""Listings of a user's folder, without what systems and programs leave there, and reasons why a path is no file."""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import InputError

LEFT_BY_SYSTEMS = (
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information"),
    *("icon\r", "__macosx", "@eadir", "lost+found", "__pycache__"),
)
"""Names, in lower case, of files and folders that Windows, macOS, servers and Python put beside the user's files."""


def visible(folder: Path) -> list[Path]:
    """The files and folders in a folder, in alphabetical order, but for hidden ones and those left by a system.

    Raises:
        InputError: the folder cannot be read.
    """
    try:
        return sorted(path for path in folder.iterdir() if not _is_left_by_a_system(path.name))
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror}). Change its permissions") from error


def files_below(root: Path, above: frozenset[str] = frozenset()) -> Iterator[Path]:
    """The visible files at any depth below a folder; a link that leads back to a folder above is not followed.

    Args:
        root: the folder.
        above: real paths of the folders above it.
    """
    above |= {os.path.realpath(root)}
    for path in visible(root):
        if not os.path.isdir(path):
            yield path
        elif os.path.realpath(path) not in above:
            yield from files_below(path, above)


def fault(path: Path) -> str | None:
    """The reason why a path cannot be opened as a file; None where there is none.

    A path is checked before it is opened, because a named pipe would never answer.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return _of_a_link(path, error) if os.path.islink(path) else error.strerror
    if stat.S_ISDIR(mode):
        return "it is a folder"
    return None if stat.S_ISREG(mode) else "it is a pipe, a socket or a device, no file"


def _is_left_by_a_system(name: str) -> bool:
    return name.startswith(".") or name.lower() in LEFT_BY_SYSTEMS


def _of_a_link(path: Path, error: OSError) -> str:
    reasons = {errno.ENOENT: "does not exist", errno.ELOOP: "leads in a circle"}
    return f"it is a link to {os.readlink(path)}, which {reasons.get(error.errno or 0, f'fails: {error.strerror}')}"
