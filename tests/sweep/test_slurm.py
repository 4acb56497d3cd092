"""Commands whose jobs a real Slurm runs: preempted, requeued, cancelled, left alone; nothing is lost, nothing twice."""

import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
import slurm_cluster
from checkout import SMALL, Checkout
from hydra.core.utils import JobReturn, JobStatus
from processes import wait_until
from slurm_cluster import CPUS, Slurm
from studies import COMMAND, assert_trained_once, parent_and_trials, study_of, wait_for_training
from submitit import SlurmJob

from pipeline.errors import InputError
from pipeline.sweep.job_failures import JobLost, failures_of
from pipeline.sweep.slurm import job_array, launcher

pytestmark = pytest.mark.slow

SECRET = "s3cret"
PREEMPTING = ("sbatch", "--partition=high", f"--cpus-per-task={CPUS}", "--output=/dev/null", "--wrap=sleep 3")
WORD = re.compile(r"trial +\d+ preempted latent_dim=\d  (at|before) ")


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """A Slurm for all tests of this file."""
    with slurm_cluster.running(tmp_path_factory.mktemp("slurm")) as started:
        yield started


def study(name: str, *overrides: str, epochs: int = 60) -> tuple[str, ...]:
    """A command that trains three trials, each for so many epochs."""
    return (
        *COMMAND,
        f"training.epochs={epochs}",
        "pictures.epochs=[]",
        f"training.seed={sum(map(ord, name))}",  # so that none is taken over from another study
        f"sweep.study={name}",
        "sweep.n_trials=3",
        "sweep.max_failures=0",
        "sweep/pruner=none",
        "sweep/sampler=grid",
        "model.latent_dim=1,2,3",
        f"tracking.experiment={name}",
        *overrides,
    )


@pytest.mark.fault("nodes", "Slurm preempts and requeues a job of a study whose command has ended")
def test_a_study_goes_on_without_its_command_and_after_a_preemption(checkout: Checkout, slurm: Slurm) -> None:
    """The study goes on, and each trial is trained once."""
    storage = f"sqlite:///file:{checkout.root}/optuna.db?uri=true&password={SECRET}"
    command = study("submitted", "sweep.storage='${oc.env:STUDY_STORAGE}'")
    env = {**slurm.environment, "STUDY_STORAGE": storage}
    process = checkout.start("pipeline.train", *command, "hydra/launcher=slurm", "sweep.workers=2", env=env)
    wait_for_training(checkout, "submitted", 2, process)
    process.kill()
    out, _ = process.communicate(timeout=60)
    assert "Slurm: 2 jobs, array " in out
    slurm.say(*PREEMPTING)
    wait_until(
        lambda: sum(" PENDING" in each for each in slurm.queue()) == 2 and not others(slurm), "no job was preempted"
    )
    trials = optuna.load_study(study_name="submitted", storage=storage).trials
    assert {trial.state.name for trial in trials} == {"WAITING"}, "none is a failure, none runs"
    _, runs = parent_and_trials(checkout, "submitted")
    assert {run.info.status for run in runs.values()} == {"KILLED"}
    assert all("Preempted by SIGUSR2" in run.data.tags["mlflow.note.content"] for run in runs.values())
    assert {run.data.tags["threads"] for run in runs.values()} == {"1"}, "a job keeps to its CPU, unconfined as it is"
    typed = {run.data.tags["command"].partition(" sweep=")[0] for run in runs.values()}
    assert typed == {"python -m pipeline.train -m"}, "not what submitit runs"
    slurm.wait_for_end()
    logs = [log.read_text() for log in (checkout.root / "mlruns/jobs/submitted/slurm").glob("*.out")]
    assert len(logs) == 2
    assert all(WORD.search(log) for log in logs), logs
    states = [trial.state.name for trial in optuna.load_study(study_name="submitted", storage=storage).trials]
    assert states == ["COMPLETE"] * 3, logs
    assert_nothing_leaked(checkout, slurm)
    done = checkout.train(*command, env=env)
    assert done.returncode == 0, done.stderr
    assert "\n3 done\n" in done.stdout
    assert_trained_once(checkout, "submitted", 3, 60)


@pytest.mark.fault("nodes", "jobs of Slurm are cancelled")
def test_cancelled_jobs_leave_nothing_running_and_the_same_command_goes_on(checkout: Checkout, slurm: Slurm) -> None:
    """No run stays RUNNING, and the same command goes on."""
    command = study("cancelled")
    process = checkout.start(
        "pipeline.train", *command, "hydra/launcher=slurm", "sweep.workers=2", env=slurm.environment
    )
    wait_for_training(checkout, "cancelled", 2, process)
    [one, other] = [each.split()[0] for each in slurm.queue()]
    slurm.say("scancel", "--signal=USR2", one)
    slurm.say("scancel", one)  # which no requeue must revive
    wait_until(lambda: [each.split()[0] for each in slurm.queue()] == [other], "the job was never cancelled")
    assert [trial.state.name for trial in study_of(checkout, "cancelled").trials].count("RUNNING") == 1
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"Cancelling {one.partition('_')[0]} …" in out
    assert "Go on with the same command" in err
    assert slurm.queue() == []
    assert {trial.state.name for trial in study_of(checkout, "cancelled").trials} == {"WAITING"}
    parent, runs = parent_and_trials(checkout, "cancelled")
    assert {run.info.status for run in (parent, *runs.values())} == {"KILLED"}
    done = checkout.train(*command)
    assert done.returncode == 0, done.stderr
    assert "\n3 done\n" in done.stdout
    assert_trained_once(checkout, "cancelled", 3, 60)


@pytest.mark.fault("nodes", "the command of a study, whose jobs Slurm runs, gets SIGTERM")
def test_a_command_that_is_stopped_says_how_to_cancel_its_jobs(checkout: Checkout, slurm: Slurm) -> None:
    """The jobs go on, and the command says how to cancel them."""
    process = checkout.start(
        "pipeline.train", *study("left", epochs=100000), "hydra/launcher=slurm", env=slurm.environment
    )
    wait_until(lambda: bool(slurm.queue()), "no job was ever submitted", process)
    [job] = slurm.queue()
    number = job.split()[0].partition("_")[0]
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert f"Stopped by SIGTERM. The jobs go on; to cancel them: scancel {number}. Go on with the same command" in err
    assert [each.split()[0] for each in slurm.queue()] == [job.split()[0]]
    slurm.say("scancel", number)
    slurm.wait_for_end()


def test_trainings_of_a_family_go_on_under_their_run_when_they_are_requeued(checkout: Checkout, slurm: Slurm) -> None:
    process = checkout.start(
        "pipeline.train",
        "-m",
        *SMALL,
        "training.epochs=100",
        "training.patience=null",
        "model.latent_dim=2,3",
        "tracking.experiment=family",
        "hydra/launcher=slurm",
        env=slurm.environment,
    )
    checkpoints = "mlruns/checkpoints/*.npz"
    wait_until(lambda: len(list(checkout.root.glob(checkpoints))) == 2, "two never trained at once", process)
    array = slurm.queue()[0].partition("_")[0]
    slurm.say("scancel", "--signal=USR2", f"{array}_0")  # what Slurm does before the time limit
    slurm.say("scontrol", "requeue", f"{array}_1")  # what it does at a preemption without a signal of the user's
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert "The best: latent_dim=" in out
    runs = checkout.runs("family", "tags.mlflow.parentRunId LIKE '%'")
    assert sorted(run.info.run_name for run in runs) == ["latent_dim=2", "latent_dim=3"]
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert {run.data.tags["slurm_requeues"] for run in runs} == {"1"}
    assert {run.data.tags["command"].partition(" dataset.")[0] for run in runs} == {"python -m pipeline.train -m"}
    for run in runs:
        assert [step for step, _ in checkout.history(run.info.run_id, "validation/epoch/loss")] == list(range(1, 101))


def test_a_job_that_fails_or_that_slurm_ends_without_a_result_is_named_with_the_reason(
    slurm: Slurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from submitit import SlurmExecutor

    monkeypatch.setattr(job_array, "PERIOD", 0.5)
    for name, value in slurm.environment.items():
        monkeypatch.setenv(name, value)

    def slept(seconds: float) -> JobReturn:
        time.sleep(seconds)
        return JobReturn(status=JobStatus.COMPLETED)

    jobs = job_array.JobArray(SlurmExecutor(tmp_path).map_array(slept, [0, -1, 300]))
    wait_until(lambda: [each.split()[1] for each in slurm.queue()] == ["RUNNING"], "two jobs never ended")
    slurm.say("scancel", f"{jobs.id}_2")
    slept_well, *others = jobs.results()
    assert slept_well.status == JobStatus.COMPLETED
    failed, lost = failures_of(others)
    assert f"Slurm job {jobs.id}_1 failed: ValueError: sleep length must be non-negative; see {tmp_path}" in str(failed)
    assert not isinstance(failed, JobLost)
    assert isinstance(lost, JobLost)
    ended = f"Slurm ended {jobs.id}_2 without a result: cancelled, killed, or not requeued any more"
    assert re.match(rf"{ended} \((srun|slurmstepd)", str(lost)), "which say why"
    assert f"see {tmp_path}" in str(lost)


def test_what_slurm_refuses_is_refused_before_anything_is_written(checkout: Checkout, slurm: Slurm) -> None:
    before = sorted(checkout.root.glob("mlruns/**/*"))
    for setting, reason in (
        ("partition=nowhere", "invalid partition specified: nowhere"),
        (f"cpus_per_task={CPUS + 1}", "Requested node configuration is not available"),
        ("timeout_min=soon", 'Parameter "timeout_min" expected type'),
    ):
        done = checkout.train(
            *study("refused"), "hydra/launcher=slurm", f"hydra.launcher.{setting}", env=slurm.environment
        )
        assert done.returncode == 2, done.stdout
        assert "hydra/launcher=slurm: " in done.stderr
        assert reason in done.stderr
        assert "Correct the keys below hydra.launcher" in done.stderr
        assert "Traceback" not in done.stderr
    assert sorted(checkout.root.glob("mlruns/**/*")) == before


def test_an_answer_of_sbatch_without_the_number_of_a_job_is_told_with_the_cure(
    checkout: Checkout, slurm: Slurm
) -> None:
    parsable = "+hydra.launcher.additional_parameters.parsable=true"
    done = checkout.train(*study("unnumbered"), "hydra/launcher=slurm", parsable, env=slurm.environment)
    slurm.say("scancel", "--user=root")
    slurm.wait_for_end()
    assert done.returncode == 2, done.stdout
    assert re.search(r"sbatch did not say the number of the jobs \(.* sbatch output \"\d+\"\)\. Expected:", done.stderr)
    assert "Leave out of hydra.launcher.additional_parameters what changes that, such as parsable" in done.stderr
    assert "squeue --me lists them, and scancel <number> ends them" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_slurm_there_is_a_message_with_the_cure(checkout: Checkout) -> None:
    done = checkout.train(*study("refused"), "hydra/launcher=slurm", env={"PATH": str(Path(sys.executable).parent)})
    assert done.returncode == 2
    assert "hydra/launcher=slurm: there is no sbatch or no srun on this machine. Type the command where" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_published_launcher_there_is_a_message_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "find_spec", lambda _: None)
    monkeypatch.setattr(launcher.shutil, "which", lambda name: name)
    with pytest.raises(InputError, match=r"not installed\. Install it: pip install 'hydra-submitit-launcher>=1.2'"):
        launcher.SlurmLauncher().setup(hydra_context=None, task_function=None, config=None)  # type: ignore[arg-type]


def others(slurm: Slurm) -> list[str]:
    """Jobs that run, but for the one that preempts."""
    return [each for each in slurm.queue() if "_" in each and " PENDING" not in each]


def assert_nothing_leaked(checkout: Checkout, slurm: Slurm) -> None:
    """No file has the secret, but for the environment that Slurm itself keeps of a job, which root alone can read."""
    files = [file for place in (checkout.root / "mlruns", slurm.folder) for file in place.rglob("*") if file.is_file()]
    assert any(file.name.endswith("_submitted.pkl") for file in files)
    leaking = [file for file in files if SECRET.encode() in file.read_bytes() and file.name != "environment"]
    assert not leaking
    assert SECRET not in slurm.say("squeue", "--Format=Command:1000,JobArrayID")
    assert os.stat(slurm.folder / "state").st_uid == 0


def test_jobs_that_slurm_does_not_cancel_are_said_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not shutil.which("scancel"):
        pytest.skip("Slurm is not installed: apt-get install slurm-client")
    monkeypatch.setenv("SLURM_CONF", "/nowhere")
    job_array.JobArray([SlurmJob(tmp_path, "7_0")])._cancel()
    said = capsys.readouterr().out
    assert said.startswith("Slurm has not cancelled the jobs (")
    assert said.endswith("). Once it answers: scancel 7\n")
