"""A supervisor is Ray's actor beside a job: it starts the job's process on its node, and keeps what it says.

Ray is sent the code of this module itself, so that also a node without this project can say what it lacks. Nothing of
the project is imported here.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO, NamedTuple

import ray

GRACE = 30.0
"""Seconds that a command has to fetch the end of a job, after which nobody is taken to wait for it."""
CANCEL = b"cancel"
"""What a job reads that a person cancels; one that reads its end alone has lost its supervisor."""
LIBRARIES = ("cloudpickle", "hydra", "keras", "mlflow", "optuna", "tensorflow")
"""The libraries without which no job begins."""


class JobOutput(NamedTuple):
    """What a job said since it was asked before.

    Attributes:
        node: the name of its node.
        lines: what it printed, each line with whether that was an error.
        end: what it sent at its end; None before, and where it has refused.
        refusal: why the node cannot run it; None where it can.
    """

    node: str
    lines: list[tuple[bool, str]]
    end: bytes | None
    refusal: str | None


def missing_requirement(checkout: str | None) -> str | None:
    """Say what a node lacks to run jobs of the project; None if it lacks nothing.

    Args:
        checkout: the folder of the command's; None where the project is an installed package.
    """
    if checkout is None:
        if not find_spec("pipeline"):
            return f"{sys.executable} has no vae-pipeline. Install the command's version there"
    elif not all((Path(checkout) / each).is_dir() for each in ("pipeline", "conf")):
        return f"there is no checkout at {checkout}, where the command has its own. Put one there, of the same commit"
    if missing := [name for name in LIBRARIES if not find_spec(name)]:
        return f"{sys.executable} has no {', '.join(missing)}. Start Ray there with the Python of the project"
    return None


class Supervisor:
    """A supervisor runs one job in a process of its own, which ends tidily when it is cancelled or loses this one.

    The process is not Ray's worker process itself, as signals must reach its main thread, and the variables of its
    environment must be set before a library is imported. Ray restarts the supervisor, and by that the job, on another
    node if need be: when the job's process dies without a result, the supervisor dies too.

    Args:
        checkout: the folder of the command's; None where the project is an installed package.
        job: the pickled job.
        environment: variables of the command, of which None is to be unset.
    """

    def __init__(self, checkout: str | None, job: bytes, environment: Mapping[str, str | None]) -> None:
        self.node = os.uname().nodename
        self.lines: list[tuple[bool, str]] = []
        self.end: bytes | None = None
        self.cancelled = False
        self.changed = threading.Condition()
        self.process: subprocess.Popen[bytes] | None = None
        if ray.get_runtime_context().was_current_actor_reconstructed:
            self._say(False, "starts again, as its process or its node was lost")
        self.refusal = missing_requirement(checkout)
        if self.refusal:
            threading.Thread(target=self._leave, daemon=True).start()
        else:
            self._start(job, environment)

    def next_output(self, patience: float) -> JobOutput:
        """Give what the job said, or that it has ended, once there is something; after so many seconds nothing."""
        with self.changed:
            self.changed.wait_for(lambda: self.lines or self.end is not None or self.refusal, patience)
            lines, self.lines = self.lines, []
            return JobOutput(self.node, lines, self.end, self.refusal)

    def cancel(self) -> None:
        """Ask the job to end tidily, and soon, as a person waits for that."""
        self.cancelled = True
        if self.process and self.process.stdin:
            with suppress(BrokenPipeError):  # the job has ended
                self.process.stdin.write(CANCEL)
                self.process.stdin.close()

    def _start(self, job: bytes, environment: Mapping[str, str | None]) -> None:
        reading, writing = os.pipe()
        own = {name: value for name, value in os.environ.items() if name not in environment}
        given = {name: value for name, value in environment.items() if value is not None}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "pipeline.sweep.ray.job", str(writing)],
            env=own | given,
            stdin=subprocess.PIPE,  # by which the job hears of `CANCEL`, and that its supervisor is gone
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[writing],
            start_new_session=True,
        )
        os.close(writing)
        assert self.process.stdin
        assert self.process.stdout
        assert self.process.stderr
        streams = [(False, self.process.stdout), (True, self.process.stderr)]
        readers = [threading.Thread(target=self._read, args=each, daemon=True) for each in streams]
        for reader in readers:
            reader.start()
        try:
            self.process.stdin.write(job)
            self.process.stdin.flush()
        except BrokenPipeError:  # it died, which is noticed next
            pass
        threading.Thread(target=self._wait, args=(os.fdopen(reading, "rb"), readers), daemon=True).start()

    def _read(self, error: bool, stream: IO[bytes]) -> None:
        for line in stream:
            self._say(error, line.decode(errors="backslashreplace").rstrip("\n"))

    def _say(self, error: bool, line: str) -> None:
        print(line, flush=True)  # into Ray's log, for when no command listens any more
        with self.changed:
            self.lines.append((error, line))
            self.changed.notify_all()

    def _wait(self, sent: IO[bytes], readers: list[threading.Thread]) -> None:
        """Wait for the end of the job's process, and keep what it sent; without that, have Ray start the job again."""
        end = sent.read()
        assert self.process
        code = self.process.wait()
        for reader in readers:  # processes that the job started hold the streams a little longer
            reader.join(2)
        if not end and not self.cancelled:
            self._say(True, f"its process exited with code {code} and sent no result")
            time.sleep(1)  # in which the command hears that
            os.kill(os.getpid(), signal.SIGKILL)
        with self.changed:
            self.end = end
            self.changed.notify_all()
        self._leave()

    def _leave(self) -> None:
        time.sleep(GRACE)
        ray.kill(ray.get_runtime_context().current_actor, no_restart=True)
