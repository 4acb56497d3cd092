"""`python -m pipeline.sweep.ray.job`: the process of a job, which its supervisor starts on a node of a Ray cluster."""

import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from typing import Any

import cloudpickle
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, setup_globals
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from pipeline.errors import InputError, Interrupted
from pipeline.process.command import JobFailed
from pipeline.process.environment import isolate
from pipeline.process.interruption import listen
from pipeline.secrets import masked
from pipeline.sweep.hydra_job import run_hydra_job


@dataclass(frozen=True)
class RayJob:
    """A job of Hydra, as it is sent to a node.

    Attributes:
        hydra_context: what Hydra composes its config with.
        hydra_config: the config of the command with Hydra's own keys.
        hydra_state: what Hydra keeps for a process.
        task_function: what the job calls.
        overrides: what is composed for this job.
        number: of the job.
        arguments: the command line, which runs record.
        folder: the working directory of the command, to which paths on the command line are relative.
    """

    hydra_context: HydraContext
    hydra_config: DictConfig
    hydra_state: Any
    task_function: TaskFunction
    overrides: Sequence[str]
    number: int
    arguments: Sequence[str]
    folder: str

    def run(self) -> JobReturn:
        """Run the job as Hydra does, and give what it returned or raised.

        Raises:
            Interrupted: a signal came.
        """
        sys.argv[:] = self.arguments
        if os.path.isdir(self.folder):
            os.chdir(self.folder)
        setup_globals()
        Singleton.set_state(self.hydra_state)
        done = run_hydra_job(self.hydra_context, self.hydra_config, self.overrides, self.number, self.task_function)
        if done.status == JobStatus.FAILED:
            done.return_value = _sendable(done)
        return done


def _sendable(done: JobReturn) -> Exception:
    """Give the error of a job as the command can receive it; a defect's traceback is printed here."""
    try:
        with redirect_stderr(StringIO()):  # Hydra prints the overrides, now and again when the command asks
            done.return_value  # noqa: B018 — raises what the job raised
    except (InputError, JobFailed) as error:
        return error
    except Exception:
        print(masked(traceback.format_exc()), file=sys.stderr)
    return JobFailed(1)


def _out_of_reach() -> None:
    """Go on in a child of this process, which waits for it: Ray kills the children of an actor that ends, not theirs.

    So a job ends tidily, and not in the midst of a write, however its supervisor ends.
    """
    if child := os.fork():
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os._exit(code if code >= 0 else 128 - code)


def _end_with_supervisor() -> None:
    """Stop this process as Ctrl-C does once the supervisor cancels the job, and as SIGTERM does once it is gone."""
    said = os.read(sys.stdin.fileno(), 1024)  # unbuffered, as Python cannot end while a thread holds a buffer
    os.kill(os.getpid(), signal.SIGINT if said else signal.SIGTERM)


def _done() -> JobReturn:
    """Give what the job of the supervisor returned, or the error by which it cannot begin on this node.

    Such an error would come again and again if the process ended with it, as Ray would start the job anew.
    """
    try:
        job: RayJob = pickle.load(sys.stdin.buffer)
        threading.Thread(target=_end_with_supervisor, daemon=True).start()
        return job.run()
    except Exception as error:
        done = JobReturn(status=JobStatus.FAILED)
        done.return_value = InputError(
            f"node {os.uname().nodename} cannot begin the job ({type(error).__name__}: {error}). Its checkout, its "
            "libraries and what the config names must be the same as where the command was typed"
        )
        return done


def main() -> None:
    """Receive a job from the supervisor, run it, and send what it returned."""
    _out_of_reach()
    isolate()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    to_supervisor = int(sys.argv[1])
    os.set_inheritable(to_supervisor, False)
    listen()
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])  # which Ray has blocked
        done = _done()
    except Interrupted as interrupt:
        sys.exit(str(interrupt))
    with os.fdopen(to_supervisor, "wb") as pipe:
        cloudpickle.dump(done, pipe)


if __name__ == "__main__":
    main()
