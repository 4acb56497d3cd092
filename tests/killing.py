"""Killing a process at lines of its Python code: between any two writes there is one."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

FILES = ("/pipeline/", "/zipfile", "/shutil.py", "/numpy/lib/", "/storages/journal/", "/pathlib", "/tempfile.py")
"""Whose lines count: this project's, and those of the libraries by which it writes."""
KILLS = int(os.environ.get("KILLS", "200"))
"""At how many lines a process is killed, evenly apart; a large number in the environment is at each of them."""


def killed_at_lines(work: Callable[[], None], restore: Callable[[], object]) -> Iterator[None]:
    """Do some work again and again in a process of its own, which is killed some lines later each time.

    Args:
        work: what is done.
        restore: puts back what there was before.

    Yields:
        After each kill, and once more after the work was done to its end; what is there then is to be looked at.
    """
    lines = _in_child(work, None)
    assert lines > 50, "hardly any line would be met"
    restore()
    for last in range(1, lines, max(1, lines // KILLS)):
        if _in_child(work, last):  # there were less lines, as something was there already
            break
        yield
        restore()
    restore()
    _in_child(work, None)
    yield


def _in_child(work: Callable[[], None], last: int | None) -> int:
    """Do the work, as a whole or up to a line, where it is killed; gives the number of lines of the whole, or 0."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            counter = _Counter(last)
            sys.settrace(counter.trace)
            work()
            sys.settrace(None)
            os.write(writing, str(counter.lines).encode())
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writing)
    with open(reading, "rb") as counted:
        lines = counted.read()
    _, status = os.waitpid(child, 0)
    assert status == 0 or (last and os.WTERMSIG(status) == signal.SIGKILL), "the work itself failed"
    return int(lines or 0)


class _Counter:
    """Counts the lines of a process, and kills it at one of them."""

    def __init__(self, last: int | None) -> None:
        self.last = last
        self.lines = 0

    def trace(self, frame: FrameType, event: str, _: Any) -> Any:
        if not any(part in frame.f_code.co_filename for part in FILES):
            return None
        if event == "line":
            self.lines += 1
            if self.lines == self.last:
                os.kill(os.getpid(), signal.SIGKILL)
        return self.trace
