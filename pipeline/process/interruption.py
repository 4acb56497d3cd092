"""Interruption by Ctrl-C and SIGTERM: work ends at once, but never within a block that must be whole."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pipeline.errors import Interrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Wish:
    """The user's wish to stop; there is one for the whole process, as for signals.

    Attributes:
        stop: the wish in words; None before there is one.
        blocks: number of `undisturbed` blocks that are open.
        waiting: whether the wish came within one of them.
    """

    stop: str | None = None
    blocks = 0
    waiting = False


def listen() -> None:
    """Handle signals from now on: the first one raises `Interrupted`, a second one ends the process at once."""
    _Wish.stop, _Wish.waiting = None, False
    for number in _SIGNALS:
        signal.signal(number, _stop)


@contextmanager
def undisturbed() -> Iterator[None]:
    """A block, or a function, that no signal interrupts: `Interrupted` is raised at its end."""
    _Wish.blocks += 1
    try:
        yield
    finally:
        _Wish.blocks -= 1
        came, _Wish.waiting = _Wish.waiting, _Wish.waiting and _Wish.blocks > 0
    if came and not _Wish.blocks:
        heed()


def heed() -> None:
    """Raise `Interrupted` again if a signal came, since Python drops an exception within a destructor."""
    if _Wish.stop:
        raise Interrupted(_Wish.stop)


def _stop(number: int, _: FrameType | None) -> None:
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_DFL)
    _Wish.stop = f"Stopped by {signal.Signals(number).name}"
    if _Wish.blocks:
        _Wish.waiting = True
    else:
        heed()
