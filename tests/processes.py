"""The processes of a command that tests start, and waiting for what they do."""

import os
import time
from collections.abc import Callable

import psutil
from warm import Forked


def family(process: Forked) -> list[psutil.Process]:
    """A command's process and all that it started, however indirectly; none if it has ended."""
    try:
        head = psutil.Process(process.pid)
        return [head, *head.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def trainings(process: Forked) -> list[psutil.Process]:
    """The processes that trials are trained in: each is the head of a session and no guard."""
    return [each for each in family(process)[1:] if _is_training(each)]


def _is_training(process: psutil.Process) -> bool:
    try:
        return os.getsid(process.pid) == process.pid and "guard" not in str(process.cmdline())
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False


def wait_until(holds: Callable[[], bool], otherwise: str, process: Forked | None = None, seconds: float = 600) -> None:
    """Wait until a condition holds; what is said `otherwise`, or by a process that ends before, fails the test."""
    deadline = time.monotonic() + seconds
    while not holds():
        if process and process.poll() is not None:
            said = process.communicate() if process.stdout else ()
            assert holds(), f"{otherwise}: {said}"
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.2)
