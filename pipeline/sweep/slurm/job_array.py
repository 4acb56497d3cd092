"""A job array is what a command submitted to Slurm at once; the command waits for it, or cancels it."""

import signal
import subprocess
import time
from collections.abc import Sequence

from hydra.core.utils import JobReturn, JobStatus
from submitit import Job
from submitit.core.utils import UncompletedJobError

from pipeline.errors import InputError, Interrupted
from pipeline.process.console import print_line
from pipeline.sweep.job_failures import JobLost
from pipeline.text.wording import last_line

PERIOD = 10.0
"""Seconds between two looks at Slurm's queue; for results the command looks each second."""

CANCEL_TIMEOUT = 60.0
"""Seconds after which the end of cancelled jobs is left to Slurm."""
RULE = "-" * 22
"""The line that submitit writes before and after the traceback of a job."""


class JobArray:
    """A job array has the jobs that a command submitted to Slurm at once.

    Args:
        jobs: the jobs by number.
    """

    def __init__(self, jobs: Sequence[Job[JobReturn]]) -> None:
        self.jobs = jobs
        self.id = jobs[0].job_id.partition("_")[0]

    def announcement(self) -> str:
        """Say in a line which jobs there are, and where they print."""
        jobs = f"job {self.id}" if len(self.jobs) == 1 else f"{len(self.jobs)} jobs, array {self.id}"
        return f"Slurm: {jobs}; output: {self._output()}"

    def results(self) -> list[JobReturn]:
        """Wait for the jobs, and give what they returned.

        A job that failed before it was ours, or that Slurm ended without a result, gives the error that says so.

        Raises:
            Interrupted: a signal came, of which Ctrl-C cancels the jobs.
        """
        try:
            self._wait_for_results()
        except Interrupted as interrupt:
            if interrupt.number != signal.SIGINT:
                raise interrupt.followed_by(f". The jobs go on; to cancel them: scancel {self.id}") from None
            print_line(f"Cancelling {self.id} …")
            self._cancel()
            raise
        return [_result(job) for job in self.jobs]

    def _output(self) -> str:
        return f"{self.jobs[0].paths.folder}/{self.id}_*.out"

    def _wait_for_results(self) -> None:
        looked_at = float("-inf")
        while self._without_result():
            if time.monotonic() > looked_at + PERIOD:
                looked_at = time.monotonic()
                if not self._queued():
                    return
            time.sleep(1)

    def _cancel(self) -> None:
        """Cancel the jobs, and wait until they have ended tidily, which Slurm grants them half a minute for."""
        asked = subprocess.run(["scancel", self.id], capture_output=True, text=True, check=False)
        if asked.returncode:
            reason = last_line(asked.stderr)
            print_line(f"Slurm has not cancelled the jobs ({reason}). Once it answers: scancel {self.id}")
            return
        until = time.monotonic() + CANCEL_TIMEOUT
        while self._queued() and time.monotonic() < until:
            time.sleep(1)

    def _without_result(self) -> list[Job[JobReturn]]:
        folder = self.jobs[0].paths.folder
        folder.chmod(folder.stat().st_mode)  # has a network file system look again
        return [job for job in self.jobs if not job.paths.result_pickle.exists()]

    def _queued(self) -> bool:
        """Tell whether Slurm has a job left to run or to requeue; also if it cannot be asked now."""
        command = ["squeue", "--me", "--noheader", "--array", "--format=%i"]
        asked = subprocess.run(command, capture_output=True, text=True, check=False)
        return asked.returncode != 0 or not {job.job_id for job in self._without_result()}.isdisjoint(
            asked.stdout.split()
        )


def _result(job: Job[JobReturn]) -> JobReturn:
    """Give what a job returned, or why it returned nothing."""
    if job.paths.result_pickle.exists():
        try:
            return job.results()[0]
        except UncompletedJobError as error:
            trace = str(error).partition(f"{RULE}\n")[2].partition(f"\n{RULE}")[0]
            reason = last_line(trace or str(error))
            return _failed(InputError(f"Slurm job {job.job_id} failed: {reason}; see {job.paths.stdout}"))
    said = last_line(job.stderr() or job.stdout() or "")
    return _failed(
        JobLost(
            f"Slurm ended {job.job_id} without a result: cancelled, killed, or not requeued any more"
            f"{f' ({said})' if said else ''}; see {job.paths.stdout}. The same command goes on"
        )
    )


def _failed(error: InputError) -> JobReturn:
    failed = JobReturn(status=JobStatus.FAILED)
    failed.return_value = error
    return failed
