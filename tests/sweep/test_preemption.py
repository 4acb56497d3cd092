"""Sweeps whose processes get signals, one or all at once: trials are preempted, and go on under their number."""

import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import optuna
import psutil
import pytest
from checkout import Checkout
from mlflow.entities import Run
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from processes import family, trainings, wait_until
from studies import COMMAND, assert_trained_once, parent_and_trials, study_of, wait_for_training

from pipeline.sweep.study.node import CODE
from pipeline.sweep.study.storage import JournalLock

pytestmark = pytest.mark.slow

EVERY_SIGNAL = (signal.SIGTERM, signal.SIGUSR2) * 2


@pytest.mark.fault("signals", "the process of a trial gets a signal")
def test_a_trial_whose_process_gets_a_signal_is_preempted_and_goes_on(checkout: Checkout, commands) -> None:
    """The trial is preempted, which is no failure, and goes on under its number from its checkpoint."""
    process = checkout.start(
        "pipeline.train",
        *COMMAND,
        "training.epochs=500",  # so many that no machine has trained them when the signal comes
        "sweep.study=preempted",
        "sweep/pruner=none",
        "sweep/sampler=grid",
        "sweep.n_trials=1",
        "sweep.max_failures=0",
        "model.latent_dim=2",
        "objective.beta=1,2",
        "tracking.experiment=preempted",
        group=True,
    )
    commands.append(process)
    wait_for_training(checkout, "preempted", 1)
    [training] = trainings(process)
    for number in EVERY_SIGNAL:
        with suppress(psutil.NoSuchProcess):
            training.send_signal(number)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert "trial   0 preempted beta=1  at validation/epoch/elbo " in out
    assert "trial   0 done    beta=1" in out
    _, trials = parent_and_trials(checkout, "preempted")
    assert trials[0].info.status == "FINISHED"
    steps = [step for step, _ in checkout.history(trials[0].info.run_id, "validation/epoch/loss")]
    assert steps == list(range(1, 501)), "it went on from its checkpoint"
    assert "Preempted by SIG" in (checkout.root / "mlruns" / "jobs" / "preempted" / "0" / "training.log").read_text()


@pytest.mark.fault("signals", "all processes of a study get signals at random instants, again and again")
def test_signals_to_all_processes_at_random_instants_leave_nothing_running_and_nothing_failed(
    checkout: Checkout,
    commands,
    tmp_path: Path,
) -> None:
    """No run stays RUNNING, none is FAILED, and the same command goes on until all trials are trained once."""
    dice, n_trials, n_epochs = random.Random(0), 4, 300  # more than any machine trains during the five attempts
    codes = []
    command = (
        *COMMAND,
        f"training.epochs={n_epochs}",
        "sweep.study=signalled",
        f"sweep.n_trials={n_trials}",
        "sweep.slots=2",
        "sweep/pruner=none",
        "sweep.max_failures=0",
        "model.latent_dim=1,2,3,4",
        "sweep/sampler=grid",
        "tracking.experiment=signalled",
    )
    for attempt in range(5):
        with (tmp_path / f"{attempt}.log").open("w") as log:
            process = checkout.start("pipeline.train", *command, out=log, group=True)
        commands.append(process)
        before = _epochs(checkout)
        while attempt < 3 and process.poll() is None and _epochs(checkout) == before:  # amid trainings; else anywhere
            time.sleep(0.05)
        time.sleep(dice.uniform(0, 2 if attempt < 3 else 10))
        for number in EVERY_SIGNAL:
            for each in family(process):
                with suppress(psutil.NoSuchProcess):
                    each.send_signal(number)
            time.sleep(dice.uniform(0, 0.3))
        codes.append(process.wait(60))
        said = (tmp_path / f"{attempt}.log").read_text()
        assert "Traceback" not in said, said
        assert codes[-1] in (128 + signal.SIGTERM, -signal.SIGTERM), said
        _check_nothing_is_open(checkout, said)
    assert codes.count(143) >= 3, codes
    with (tmp_path / "last.log").open("w") as log:
        process = checkout.start("pipeline.train", *command, out=log, group=True)
    commands.append(process)
    assert process.wait(300) == 0, (tmp_path / "last.log").read_text()
    assert [trial.state.name for trial in study_of(checkout, "signalled").trials] == ["COMPLETE"] * n_trials
    assert_trained_once(checkout, "signalled", n_trials, n_epochs)


def _check_nothing_is_open(checkout: Checkout, said: str) -> None:
    """Nothing of the study is RUNNING or FAILED; a guard may need a moment to close a run."""
    if not (checkout.root / "mlruns" / "studies" / "signalled.journal").exists():
        return
    assert {trial.state.name for trial in study_of(checkout, "signalled").trials} <= {"WAITING", "COMPLETE"}, said
    deadline = time.monotonic() + 60
    while (states := {run.info.status for run in _runs(checkout)}) - {"KILLED", "FINISHED"}:
        assert "FAILED" not in states, said
        assert time.monotonic() < deadline, states
        time.sleep(0.5)
    notes = [run.data.tags["mlflow.note.content"] for run in _runs(checkout) if run.info.status == "KILLED"]
    assert all("Preempted by SIG" in note or "Stopped by SIG" in note or "was killed" in note for note in notes), notes


def _epochs(checkout: Checkout) -> int:
    """How many epochs the trials have said that they trained."""
    logs = (checkout.root / "mlruns" / "jobs" / "signalled").glob("*/training.log")
    return sum(log.read_text().count("epoch ") for log in logs)


def _runs(checkout: Checkout) -> list[Run]:
    return checkout.runs("signalled") if checkout.client.get_experiment_by_name("signalled") else []


@pytest.mark.fault("signals", "a study whose trials have replicates gets a signal")
def test_the_run_that_holds_the_replicates_of_a_trial_ends_as_a_training_does(checkout: Checkout, commands) -> None:
    """The run of a trial that waits is KILLED, that of a pruned trial is FINISHED, and none stays RUNNING."""
    command = (
        *COMMAND,
        "training.epochs=100",
        "sweep.study=replicated",
        "sweep.replicates=2",
        "sweep.n_trials=2",
        "sweep/sampler=grid",
        "sweep/pruner=threshold",
        "sweep.pruner.upper=40",
        "training.learning_rate=0.01,1e-9",
        "tracking.experiment=replicated",
    )
    process = checkout.start("pipeline.train", *command, group=True)
    commands.append(process)
    wait_for_training(checkout, "replicated", 1, process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    [killed] = checkout.runs("replicated", "tags.trial = '0'")
    assert killed.info.status == "KILLED"
    how = "**Killed:** a training was interrupted. Go on with the command of the study, typed once more as it was"
    assert killed.data.tags["mlflow.note.content"] == how

    done = checkout.train(*command)
    assert done.returncode == 0, done.stderr
    assert "1 done, 1 pruned" in done.stdout
    [trained] = checkout.runs("replicated", "tags.trial = '0'")
    [pruned] = checkout.runs("replicated", "tags.trial = '1'")
    assert trained.info.run_id == killed.info.run_id
    assert {run.info.status for run in checkout.runs("replicated")} == {"FINISHED"}
    assert "pruned" not in trained.data.tags
    assert not trained.data.tags["mlflow.note.content"], "it was killed, and went on"
    assert pruned.data.tags["pruned"] == "true"
    assert pruned.data.tags["mlflow.note.content"] == "**Pruned:** other trials of the study promised more"


@pytest.mark.fault("signals", "the terminal or the pipe of a study's command is gone")
def test_a_command_that_nobody_reads_any_longer_puts_all_of_its_trials_back(checkout: Checkout, commands) -> None:
    """The command ends and puts its trials back."""
    process = checkout.start(
        "pipeline.train",
        *COMMAND,
        "training.epochs=100000",
        "sweep.study=unread",
        "sweep/pruner=none",
        "sweep/sampler=grid",
        "sweep.n_trials=2",
        "sweep.slots=2",
        "model.latent_dim=2,3",
        "tracking.experiment=unread",
        group=True,
    )
    commands.append(process)
    wait_for_training(checkout, "unread", 2, process)
    assert process.stdout
    assert process.stderr
    process.stdout.close()  # as `| tee` leaves it, which Ctrl-C ends at once
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    said = process.stderr.read()
    assert "Stopped by SIGINT. Go on with the same command" in said
    assert "Traceback" not in said
    assert [trial.state.name for trial in study_of(checkout, "unread").trials] == ["WAITING"] * 2
    # On a busy machine a training is ended after the 7 s that it has, and its guard closes the run a little later.
    wait_until(
        lambda: {run.info.status for run in checkout.runs("unread")} == {"KILLED"}, "a run is left open", seconds=60
    )


def test_a_worker_whose_study_adopts_other_code_trains_no_further_trial(checkout: Checkout, commands) -> None:
    own = ("training.epochs=40", "training.seed=7")  # so that no training is taken over from another test
    command = (*COMMAND, *own, "sweep.study=adopted", "sweep/pruner=none", "sweep.n_trials=2")
    process = checkout.start("pipeline.train", *command, "model.latent_dim=2,3", "tracking.experiment=adopted")
    commands.append(process)
    wait_for_training(checkout, "adopted", 1, process)
    journal = checkout.root / "mlruns" / "studies" / "adopted.journal"
    storage = JournalStorage(JournalFileBackend(str(journal), lock_obj=JournalLock(journal)))
    optuna.load_study(study_name="adopted", storage=storage).set_user_attr(CODE, "of another command")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 2, out + err
    assert "than the study is trained with (of anoth), so their numbers could not be compared" in err
    assert [trial.state.name for trial in study_of(checkout, "adopted").trials] == ["COMPLETE", "WAITING"]
