"""The failures of the jobs that a launcher ran: each job is asked, so that none hides what another one says."""

import traceback
from collections.abc import Iterable, Sequence
from contextlib import redirect_stderr
from io import StringIO

from hydra.core.utils import JobReturn

from pipeline.errors import InputError
from pipeline.process.command import JobFailed, no_more_written
from pipeline.process.console import print_line
from pipeline.secrets import masked


class JobLost(InputError):  # noqa: N818 — an error by its parent's name
    """The loss of a job, which an engine ended or let go without a result: nothing is wrong with what it trained."""


def failures_of(jobs: Iterable[JobReturn]) -> list[Exception]:
    """Give what the jobs of a command raised, in their order."""
    failures: list[Exception] = []
    for job in jobs:
        try:
            with redirect_stderr(StringIO()):  # into which Hydra prints the overrides
                job.return_value  # noqa: B018 — raises what the job raised
        except Exception as error:
            full = no_more_written(error)
            failures.append(InputError(full) if full else error)
    return failures


def told(failures: Iterable[Exception]) -> str:
    """Say in words what failed, each reason once; empty where the jobs have printed all of it."""
    return "\n".join(dict.fromkeys(_told(each) for each in failures if not isinstance(each, JobFailed)))


def together(failures: Sequence[Exception]) -> Exception:
    """Give one error in place of all failures, of which there is at least one.

    If one of them is a defect, the error has an exit code and no message: what failed is printed here, except for what
    the jobs have printed already.
    """
    if all(isinstance(each, InputError) for each in failures):
        return InputError(told(failures))
    print_line(told(failures), is_error=True)
    return JobFailed(exit_code(failures))


def exit_code(failures: Sequence[Exception]) -> int:
    """Give the exit code of a command whose jobs failed so: that of the first which had one, or 1 for a defect."""
    codes: list[int] = [each.args[0] for each in failures if isinstance(each, JobFailed)]
    return next(iter(codes), 2 if all(isinstance(each, InputError) for each in failures) else 1)


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, InputError) else masked("".join(traceback.format_exception(error)))
