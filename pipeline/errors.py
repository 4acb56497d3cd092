"""The exceptions that are no defects of ours: a user's mistake, a request to stop, a pruned trial, a full disk."""

import os
from collections.abc import Iterator
from errno import EDQUOT, EFBIG, ENOSPC, EROFS
from os import strerror
from pathlib import Path
from signal import SIGINT
from tempfile import gettempdir

from pipeline.secrets import masked


class InputError(Exception):
    """Says what was given, what was expected and the cure. Commands print it without a traceback and exit with 2.

    Args:
        message: whatever library's words are in it, the secrets of addresses are not.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(masked(message))


class StoreUnreachable(InputError):  # noqa: N818 — an error by its parent's name
    """Says why no run can be kept in the tracking store now; what was trained can go on once the store is back."""


class NoSuchRun(InputError):  # noqa: N818 — an error by its parent's name
    """Says that a tracking store does not have a run."""


class ServerSilent(StoreUnreachable):
    """Says why a tracking server does not answer, which it will some time: runs can be recorded without it."""


class Interrupted(KeyboardInterrupt):
    """Raised at a signal. It is no `Exception`, so that no library takes it for an error and goes on.

    Args:
        message: which signal came, and how to go on.
        number: the signal.
    """

    def __init__(self, message: str = "", number: int = SIGINT) -> None:
        super().__init__(message, number)
        self.number = number

    def __str__(self) -> str:
        return str(self.args[0])

    def followed_by(self, text: str) -> "Interrupted":
        """Return the same interruption with a longer message."""
        return Interrupted(f"{self}{text}", self.number)


class Pruned(Exception):  # noqa: N818 — a decision, no error
    """Raised where a study ends a training early, because others promise more."""


def unwritable(error: BaseException) -> str | None:
    """Return why nothing more can be written, with the file if known: no space, a quota, no permission, no folder.

    None where the error is of another kind. HDF5 and SQLite tell of it in words of their own.
    """
    reasons = [*(strerror(number) for number in (ENOSPC, EDQUOT, EFBIG, EROFS)), "database or disk is full"]
    for each in _chain(error):
        if reason := next((reason for reason in reasons if reason in str(each)), None):
            file = getattr(each, "filename", None)
            return f"{file}: {reason}" if file else reason
        if isinstance(each, PermissionError) and each.filename and _was_written(Path(os.fsdecode(each.filename))):
            return f"{each.filename}: {each.strerror}"
        if isinstance(each, FileNotFoundError) and not Path(gettempdir()).exists():
            return f"{gettempdir()}: the folder for temporary files is gone"
    return None


def _was_written(path: Path) -> bool:
    """Tell whether it was the writing of a file that was not permitted: one that can be read, or is not there."""
    return os.access(path, os.R_OK) or not path.exists()


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
