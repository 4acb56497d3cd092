"""The child's side of a contest: one process a program, which trains one round whenever it is its turn.

TensorFlow and PyTorch would fight over threads in one process, so every program has a process of its own. All stay
alive and wait on a pipe, so rounds of different programs can alternate without paying for imports or compilation again.
"""

import os
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any, NoReturn

import numpy as np


@dataclass(frozen=True)
class Task:
    """What every program of a contest has to do.

    Attributes:
        images_file: a `.npy` of uint8 [N, 28, 28, 1]; one round trains on each of them once.
        batch_size: images in an optimizer step.
        threads: of the program's library; the process is confined to as many cores where the system can do that.
        rounds: how many there will be, warm-up included.
    """

    images_file: str
    batch_size: int
    threads: int
    rounds: int

    def images(self) -> np.ndarray:
        """The training images, uint8 [N, 28, 28, 1]."""
        return np.load(self.images_file)

    def pixels(self) -> np.ndarray:
        """The same as the peers' readers keep them: float32 in [0, 1]."""
        return self.images().astype("float32") / np.float32(255)


class Finished(BaseException):
    """There are no more rounds. Not an `Exception`, so that no program mistakes it for one of its own."""


class Turn:
    """A program's line to the contest: say that it is ready, wait for its turn, report the round's seconds."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._begin = 0.0

    def ready(self, **facts: Any) -> None:
        """Say that rounds can begin, with what should stand in the record, such as `parameters`."""
        self._connection.send(("ready", facts))

    def wait(self) -> None:
        """Do nothing until the next round of this program; its time begins when this returns."""
        if self._connection.recv() != "go":
            raise Finished
        self._begin = time.perf_counter()

    def report(self, seconds: float | None = None, **facts: Any) -> None:
        """End the round, with what else is to be known of it. Without `seconds` it took as long as since `wait`."""
        seconds = time.perf_counter() - self._begin if seconds is None else seconds
        self._connection.send(("round", {"seconds": seconds, **facts}))


def play(connection: Connection, module: str, task: Any) -> None:
    """Run the function `run` of a module in this process, out of sight, and send home what it raises."""
    with _chatter_held():
        try:
            _confine(getattr(task, "threads", None))
            import_module(module).run(task, Turn(connection))
        except Finished:
            pass
        except BaseException as error:
            _send_home(connection, "".join(traceback.format_exception(error)))


def _send_home(connection: Connection, reason: str) -> NoReturn:
    with suppress(OSError):  # if the contest is gone, nobody is left to be told
        connection.send(("failed", reason))
    sys.exit(1)


def _confine(threads: int | None) -> None:
    if threads and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


@contextmanager
def _chatter_held() -> Iterator[None]:
    """Progress bars and loggers of the programs write into a file that nobody reads: it must not disturb the tables."""
    with tempfile.TemporaryFile() as unread:
        for stream in (1, 2):
            os.dup2(unread.fileno(), stream)
        yield
