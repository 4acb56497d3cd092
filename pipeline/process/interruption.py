"""Interruption by Ctrl-C and SIGTERM: work ends at once, but never within a block that must be whole."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pipeline.errors import Interrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _StopRequest:
    """The user's request to stop; one for the process, as signals are.

    Attributes:
        reason: the signal that came, in words; None before one came.
        blocks: how many `undisturbed` blocks are open.
        waiting: whether it came within one of them.
    """

    reason: str | None = None
    blocks = 0
    waiting = False


def listen() -> None:
    """Listen for signals: from now on the first one raises `Interrupted`; a second one ends the process at once."""
    _StopRequest.reason = None
    _StopRequest.waiting = False
    for number in _SIGNALS:
        signal.signal(number, _stop)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Protect a block, or a function, from being cut in two by a signal: `Interrupted` is raised at its end."""
    _StopRequest.blocks += 1
    try:
        yield
    finally:
        _StopRequest.blocks -= 1
        is_due = _StopRequest.waiting and not _StopRequest.blocks
        _StopRequest.waiting = _StopRequest.waiting and not is_due
    if is_due:
        heed()


def heed() -> None:
    """Raise `Interrupted` once more if a signal came: what is raised within a destructor, Python drops."""
    if _StopRequest.reason:
        raise Interrupted(_StopRequest.reason)


def _stop(number: int, _: FrameType | None) -> None:
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_DFL)
    _StopRequest.reason = f"Stopped by {signal.Signals(number).name}"
    if _StopRequest.blocks:
        _StopRequest.waiting = True
    else:
        heed()
