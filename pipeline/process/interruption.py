"""Interruption by signals: work ends at once, but never within a block that must be whole."""

import logging
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

from pipeline.errors import Interrupted

log = logging.getLogger(__name__)

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
"""The signals that ask a process to end: of a user, of a terminal that is gone, and of schedulers such as Slurm."""
POOLS = tuple(f"sqlalchemy.pool.impl.{kind}" for kind in ("QueuePool", "NullPool", "SingletonThreadPool", "StaticPool"))
"""The loggers to which SQLAlchemy logs all that is raised while it closes a connection, an interruption, too."""


class _StopRequest:
    """The request to stop; one for the process, as signals are.

    Attributes:
        received: the signals that came, in their order.
        word: what they did to the work, in a word.
        ends_at_ctrl_c: whether Ctrl-C after another signal ends the process at once.
        blocks: how many `signals_deferred` blocks are open.
        waiting: whether a signal came within one of them.
    """

    received: tuple[signal.Signals, ...] = ()
    word = "Stopped"
    ends_at_ctrl_c = True
    blocks = 0
    waiting = False


def listen() -> None:
    """Listen for signals: the first one raises `Interrupted` from now on, and repeats are the same wish.

    Only Ctrl-C ends the process at once if it follows another signal, as then a person insists. Whoever started the
    process with `nohup` wants it to outlive the terminal: SIGHUP stays ignored.
    """
    _handle([each for each in SIGNALS if each != signal.SIGHUP or signal.getsignal(each) != signal.SIG_IGN])
    _StopRequest.word = "Stopped"
    _StopRequest.ends_at_ctrl_c = True


def listen_as_child() -> None:
    """Listen for signals in a process that works for another one: every repeat is the same wish.

    A process that was started while `signals_blocked` hears now what it was sent since.
    """
    _handle(SIGNALS)
    _StopRequest.word = "Preempted"
    _StopRequest.ends_at_ctrl_c = False
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


@contextmanager
def signals_blocked() -> Iterator[None]:
    """Block signals: this process receives them when the block ends, and processes that are started in it never do.

    A process that serves others, such as a guard, is started so: it lives until its pipe ends, and no signal for all
    processes of a job ends it before those that it serves, not even at its first instruction.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def signals_deferred() -> Iterator[None]:
    """Defer signals, so that none cuts a block or a function in two: `Interrupted` is raised at its end.

    A block that fails raises its own error instead, so that a run can still be closed with it; whoever goes on after
    such an error asks `raise_if_interrupted`.
    """
    _StopRequest.blocks += 1
    try:
        yield
    finally:
        _StopRequest.blocks -= 1
        is_due = _StopRequest.waiting and not _StopRequest.blocks
        _StopRequest.waiting = _StopRequest.waiting and not is_due
    if is_due:
        raise_if_interrupted()


def raise_if_interrupted() -> None:
    """Raise `Interrupted` if a signal came, once more if it was raised before.

    Python discards an exception that is raised within a destructor, so that the first one may have gone unheard.
    """
    if _StopRequest.received:
        first = _StopRequest.received[0]
        raise Interrupted(f"{_StopRequest.word} by {first.name}", first)


@contextmanager
def interruption_first() -> Iterator[None]:
    """Replace an exception of the block by `Interrupted` if a signal was received, since the signal caused it.

    Libraries make errors of their own of an exception that is raised in the midst of them: TensorFlow an
    `AttributeError` of an attribute that it was looking up. An error that was raised from `Interrupted` says more.
    The error that is replaced is the context of `Interrupted`, and is logged at the level of debugging, as it may be a
    defect all the same: `hydra.verbose=[pipeline]` shows it.
    """
    try:
        yield
    except Exception as error:
        if _StopRequest.received and not isinstance(error.__cause__, Interrupted):
            log.debug("A signal came, which is taken for the reason of this error", exc_info=error)
            raise_if_interrupted()
        raise


def received() -> tuple[signal.Signals, ...]:
    """Give the signals that came since this process listens, in their order."""
    return _StopRequest.received


def ignore_repeats() -> None:
    """Ignore further signals but Ctrl-C from now on: while Python ends, one of them would kill the process."""
    for number in set(SIGNALS) - {signal.SIGINT}:
        signal.signal(number, signal.SIG_IGN)


def _handle(signals: Iterable[signal.Signals]) -> None:
    _StopRequest.received = ()
    _StopRequest.waiting = False
    for pool in POOLS:
        logging.getLogger(pool).addFilter(_is_no_interruption)
    for number in signals:
        signal.signal(number, _stop)


def _is_no_interruption(record: logging.LogRecord) -> bool:
    """Tell whether a record is of something else than an interruption, which is told where it ends a command."""
    return not (record.exc_info and isinstance(record.exc_info[1], Interrupted))


def _stop(number: int, _: FrameType | None) -> None:
    is_first = not _StopRequest.received
    _StopRequest.received = (*_StopRequest.received, signal.Signals(number))
    if not is_first:
        return
    if _StopRequest.ends_at_ctrl_c:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if _StopRequest.blocks:
        _StopRequest.waiting = True
    else:
        raise_if_interrupted()
