"""What becomes of a command some of whose jobs fail: none hides what another says; a study that is over ends well."""

from collections.abc import Sequence
from io import StringIO

import pytest
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from rich.console import Console
from studies import worked

from pipeline.errors import InputError
from pipeline.process.command import JobFailed
from pipeline.sweep.job_failures import JobLost, exit_code, failures_of, together, told
from pipeline.sweep.search import _launch
from pipeline.sweep.study.node import RefusedNode
from pipeline.sweep.study.study import Study

REFUSED = "node b has other code"
LOST = "job 2 was lost"


class Jobs(Launcher):
    """A launcher whose jobs have ended, each as it is said."""

    def __init__(self, *ends: Exception | None) -> None:
        self.ends = ends

    def setup(self, **_: object) -> None:  # type: ignore[override]
        """Nothing is needed."""

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """What the jobs returned or raised."""
        jobs = [JobReturn(status=JobStatus.FAILED if end else JobStatus.COMPLETED) for end in self.ends]
        for job, end in zip(jobs, self.ends, strict=True):
            job.return_value = end
        return jobs


ALL = Jobs(JobFailed(1), RefusedNode(REFUSED), None, RefusedNode(REFUSED), JobLost(LOST))


def test_a_study_that_is_over_is_reported_whatever_became_of_its_jobs(plan) -> None:
    study = Study(plan(n_trials=2))
    worked(study)
    said = StringIO()
    _launch(ALL, study, Console(file=said, width=200))
    assert said.getvalue() == f"{REFUSED}\n{LOST}\n", "each reason once"


def test_a_study_that_is_not_over_ends_with_all_that_its_jobs_say(plan) -> None:
    study = Study(plan(n_trials=2))
    with pytest.raises(InputError) as raised:
        _launch(Jobs(*ALL.ends[1:]), study, Console(file=StringIO()))
    assert str(raised.value) == f"{REFUSED}\n{LOST}"
    with pytest.raises(JobFailed) as failed:
        _launch(Jobs(JobFailed(1)), study, Console(file=StringIO()))
    assert failed.value.args == (1,)


def test_a_defect_is_told_beside_refusals_without_secrets_and_decides_the_exit_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    failures = failures_of(Jobs(InputError(REFUSED), ZeroDivisionError("at postgresql://me:s3cret@db")).launch([], 0))
    assert capsys.readouterr().err == "", "Hydra prints the overrides of each, which nobody needs twice"
    assert REFUSED in told(failures)
    assert "ZeroDivisionError: at postgresql://me:***@db" in told(failures)
    assert exit_code(failures) == 1
    assert exit_code([InputError(REFUSED)]) == 2
    assert exit_code([InputError(REFUSED), JobFailed(1)]) == 1
    assert isinstance(together(failures), JobFailed)
