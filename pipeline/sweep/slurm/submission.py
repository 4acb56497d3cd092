"""Jobs are submitted to Slurm by submitit, with the environment of the command, which has the secrets of addresses."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from tempfile import TemporaryDirectory
from typing import Any

from hydra.core.singleton import Singleton
from hydra_plugins.hydra_submitit_launcher.config import BaseQueueConf
from submitit import AutoExecutor
from submitit.core.utils import FailedJobError, FailedSubmissionError

from pipeline.errors import InputError
from pipeline.process.console import print_line
from pipeline.process.interruption import signals_deferred
from pipeline.sweep.slurm.job_array import JobArray
from pipeline.sweep.slurm.task import SlurmTask
from pipeline.text.wording import first_line

Settings = Mapping[str, Any]
"""The keys below `hydra.launcher` with their values."""
_OF_ALL_EXECUTORS = set(BaseQueueConf.__dataclass_fields__)


@signals_deferred()
def submit(task: SlurmTask, settings: Settings, job_overrides: Sequence[Sequence[str]], first: int) -> JobArray:
    """Submit a job for each list of overrides as one array, and say where the jobs print.

    Args:
        task: what each job calls.
        settings: the settings of the launcher.
        job_overrides: the overrides of each job.
        first: the number of the first job.

    Raises:
        InputError: Slurm refuses the jobs.
    """
    calls = [
        (list(overrides), "hydra.sweep.dir", number, f"job_id_for_{number}", Singleton.get_state())
        for number, overrides in enumerate(job_overrides, first)
    ]
    with _refusals_explained(), _environment_of_jobs():
        jobs = JobArray(_executor(settings).map_array(task, *zip(*calls, strict=True)))
    print_line(jobs.announcement())
    return jobs


def check_settings(settings: Settings) -> None:
    """Have Slurm judge the settings of a launcher without submitting a job.

    Raises:
        InputError: Slurm, or submitit, refuses them.
    """
    with TemporaryDirectory() as folder, _refusals_explained(), _environment_of_jobs():
        tested = {**(settings["additional_parameters"] or {}), "test-only": True}
        executor = _executor({**settings, "submitit_folder": folder, "additional_parameters": tested})
        try:
            executor.submit(int)
        except FailedSubmissionError:  # Slurm's answer to a test has no id of a job
            return


def _executor(settings: Settings) -> AutoExecutor:
    cpus = settings["cpus_per_task"]
    executor = AutoExecutor(
        folder=settings["submitit_folder"], cluster="slurm", slurm_max_num_timeout=settings["max_num_timeout"]
    )
    executor.update_parameters(
        **{
            key if key in _OF_ALL_EXECUTORS else f"slurm_{key}": value
            for key, value in settings.items()
            if key not in ("submitit_folder", "max_num_timeout")
        },
        slurm_srun_args=["--cpus-per-task", str(cpus)] if cpus else None,  # which srun no longer has from sbatch
    )
    return executor


@contextmanager
def _environment_of_jobs() -> Iterator[None]:
    """Have sbatch hand on all variables, whatever one of them says, but none of a job that the command itself is in."""
    before = dict(os.environ)
    if "SLURM_JOB_ID" in before:
        for name in before:
            if name.startswith("SLURM_") and name != "SLURM_CONF":
                del os.environ[name]
    os.environ["SBATCH_EXPORT"] = "ALL"
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _refusals_explained() -> Iterator[None]:
    try:
        with redirect_stderr(StringIO()):  # submitit prints what it raises
            yield
    except FailedSubmissionError as error:
        raise InputError(
            f"hydra/launcher=slurm: sbatch did not say the number of the jobs ({first_line(error)}). Expected: "
            "Submitted batch job <number>. Leave out of hydra.launcher.additional_parameters what changes that, such "
            "as parsable. Jobs may have been submitted all the same: squeue --me lists them, and scancel <number> ends "
            "them"
        ) from error
    except (FailedJobError, NameError, AssertionError, ValueError) as error:  # submitit asserts types
        reasons = [line.removeprefix("sbatch: error: ") for line in str(error).splitlines() if line.strip()]
        raise InputError(
            f"hydra/launcher=slurm: {'; '.join(reasons)}. Correct the keys below hydra.launcher, such as "
            "hydra.launcher.partition, account or timeout_min; sinfo lists the partitions"
        ) from error
