"""The task of a job of Slurm is a job of Hydra, which ends tidily at each signal of Slurm and is then requeued."""

import signal
import subprocess
import sys
import traceback
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra_plugins.hydra_submitit_launcher.submitit_launcher import SlurmLauncher as PublishedLauncher
from submitit import JobEnvironment

from pipeline.errors import InputError, Interrupted
from pipeline.process.command import JobFailed
from pipeline.process.interruption import listen, raise_if_interrupted, received
from pipeline.secrets import masked


class SlurmTask(PublishedLauncher):
    """A task is sent to the nodes, where submitit calls it as the published launcher.

    At the time limit, and at preemption where the cluster has `preempt_send_user_signal`, Slurm sends SIGUSR2 to all
    processes of a job, and submitit requeues the job in the middle of whatever it does. Here it ends tidily first.

    Args:
        settings: the keys below `hydra.launcher`.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.arguments = list(sys.argv)  # of the command, which runs record

    def __call__(self, *args: Any, **kwargs: Any) -> JobReturn:
        """Run a job of Hydra; a signal ends the process, without a result and, if it is submitit's, requeued."""
        number = signal.Signals[f"SIG{JobEnvironment.USR_SIG}"]
        requeue = signal.getsignal(number)
        assert callable(requeue), "submitit listens for its signal before it calls a task"
        sys.argv[:] = self.arguments
        try:
            listen()
            done: JobReturn = super().__call__(*args, **kwargs)
            if done.status == JobStatus.FAILED:
                raise_if_interrupted()  # also where the error is that no server could be told of the signal
        except Interrupted as interrupt:
            print(interrupt, flush=True)
            if number in received() and _is_running():
                requeue(number, None)
            sys.exit(128 + interrupt.number)
        return _without_secrets(done)


def _is_running() -> bool:
    """Tell whether this job still runs for Slurm: a requeue would revive one that was cancelled while it ended."""
    ours = JobEnvironment().job_id  # with the number in the array: SLURM_JOB_ID may be that of the whole array
    command = ["squeue", "--noheader", f"--jobs={ours}", "--format=%T"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    return asked.returncode != 0 or asked.stdout.strip() == "RUNNING"


def _without_secrets(done: JobReturn) -> JobReturn:
    """Give what a job returned without secrets in the error that it failed with, as submitit writes it to a file."""
    if done.status == JobStatus.FAILED:
        try:
            _ = done.return_value
        except (InputError, JobFailed) as error:
            print(error)
        except Exception as error:
            print(masked(traceback.format_exc()))
            done.return_value = RuntimeError(masked(f"{type(error).__name__}: {error}"))
    return done
