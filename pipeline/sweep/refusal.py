"""The refusal of one of several trainings names it; what is wrong with all of them is said of none in particular."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from pipeline.errors import InputError

_Given = TypeVar("_Given")
_Found = TypeVar("_Found")


def check_each(names: Sequence[str], trainings: Sequence[_Given], check: Callable[[_Given], _Found]) -> list[_Found]:
    """Check each of several trainings, and give what the check gives.

    Args:
        names: what tells each training from the others; empty for one that needs no name.
        trainings: what is checked of each.
        check: it raises InputError for a training that cannot be done.

    Raises:
        InputError: a training cannot be done. The message names the first such one, unless the check says the same of
            the first and the last training, which differ most.
    """
    found: list[_Found] = []
    for name, training in zip(names, trainings, strict=True):
        try:
            found.append(check(training))
        except InputError as error:
            reason = str(error)
            is_only = len(trainings) == 1
            of_all = not found and (is_only or _refusal(check, trainings[-1]) == reason)
            raise InputError(f"{name}: {reason}" if name and not of_all else reason) from error
    return found


def _refusal(check: Callable[[_Given], object], training: _Given) -> str | None:
    """Give the reason for which a training is refused; None where it can be done, or fails in another way."""
    try:
        check(training)
    except InputError as error:
        return str(error)
    except Exception:  # which whoever mends the first refusal will meet, with its traceback
        return None
    return None
