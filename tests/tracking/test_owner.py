"""Who owns a run, and whether that process is still there."""

import pytest

from pipeline.tracking.owner import RAY_JOB, is_alive, owner_tags


@pytest.mark.parametrize(
    ("job", "requeues", "alive"),
    [("7", "1", True), ("7", "2", False), ("8", "2", True), (None, None, True)],
    ids=["the same start, a process on another node", "after a requeue", "another job", "outside of Slurm"],
)
def test_a_job_of_slurm_that_was_requeued_knows_that_its_earlier_start_is_over(
    job: str | None, requeues: str | None, alive: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    elsewhere = owner_tags() | {"host": "elsewhere"}
    for name, value in {"SLURM_JOB_ID": job, "SLURM_RESTART_COUNT": requeues}.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    assert is_alive(elsewhere) is alive


@pytest.mark.parametrize(("job", "alive"), [("family-1-0", False), ("family-1-1", True), ("", True)])
def test_a_job_of_ray_that_starts_again_on_another_node_knows_that_its_earlier_start_is_over(
    job: str, alive: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(RAY_JOB, "family-1-0")
    elsewhere = owner_tags() | {"host": "elsewhere"}
    assert is_alive(owner_tags()), "this process is still there"
    monkeypatch.setenv(RAY_JOB, job)
    assert is_alive(elsewhere) is alive


def test_outside_of_slurm_nothing_of_it_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert sorted(owner_tags()) == ["host", "machine", "pid", "process_started"]
    assert is_alive(owner_tags())
