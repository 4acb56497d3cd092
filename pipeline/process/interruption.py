"""Ctrl-C and SIGTERM: work ends at once, but never in the middle of something that must be whole."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pipeline.errors import Interrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Wish:
    """What the user asked for; one for the process, as signals are.

    Attributes:
        stop: the wish to stop in words, once there is one.
        blocks: how many `undisturbed` blocks are open.
        waiting: whether the wish came within one of them.
    """

    stop: str | None = None
    blocks = 0
    waiting = False


def listen() -> None:
    """From now on the first signal raises `Interrupted`; a second one ends the process at once."""
    _Wish.stop, _Wish.waiting = None, False
    for number in _SIGNALS:
        signal.signal(number, _stop)


@contextmanager
def undisturbed() -> Iterator[None]:
    """A block, or a function, that a signal does not cut in two: `Interrupted` is raised at its end."""
    _Wish.blocks += 1
    try:
        yield
    finally:
        _Wish.blocks -= 1
        came, _Wish.waiting = _Wish.waiting, _Wish.waiting and _Wish.blocks > 0
    if came and not _Wish.blocks:
        heed()


def heed() -> None:
    """Raise `Interrupted` once more if a signal came: what is raised within a destructor, Python drops."""
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
