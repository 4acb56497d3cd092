"""The exceptions that are no defects of ours: a user's mistake, a request to stop, a pruned trial, a full disk."""

from collections.abc import Iterator
from errno import EDQUOT, EFBIG, ENOSPC, EROFS
from os import strerror

from pipeline.secrets import masked


class InputError(Exception):
    """Says what was given, what was expected and the cure. Commands print it without a traceback and exit with 2.

    Args:
        message: whatever library's words are in it, the secrets of addresses are not.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(masked(message))


class Interrupted(KeyboardInterrupt):
    """Raised at Ctrl-C or SIGTERM. It is no `Exception`, so that no library takes it for an error and goes on."""


class Pruned(Exception):  # noqa: N818 — a decision, no error
    """Raised where a study ends a training early, because others promise more."""


def unwritable(error: BaseException) -> str | None:
    """Return why nothing more can be written, with the file if known: no space, a quota, a read-only disk.

    None where the error is of another kind. HDF5 and SQLite tell of it in words of their own.
    """
    reasons = [*(strerror(number) for number in (ENOSPC, EDQUOT, EFBIG, EROFS)), "database or disk is full"]
    for each in _chain(error):
        if reason := next((reason for reason in reasons if reason in str(each)), None):
            file = getattr(each, "filename", None)
            return f"{file}: {reason}" if file else reason
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
