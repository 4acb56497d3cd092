"""Sweeps whose processes get signals, one or all at once: trials are preempted, and go on under their number."""

import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil
from checkout import Checkout
from mlflow.entities import Run
from processes import family, trainings
from studies import COMMAND, assert_trained_once, parent_and_trials, study_of, wait_for_training

EVERY_SIGNAL = (signal.SIGTERM, signal.SIGUSR2) * 2


def test_a_trial_whose_process_gets_a_signal_is_preempted_and_goes_on(checkout: Checkout, commands) -> None:
    process = checkout.start(
        "pipeline.train",
        *COMMAND,
        "training.epochs=40",
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
    assert steps == list(range(1, 41)), "it went on from its checkpoint"
    assert "Preempted by SIG" in (checkout.root / "mlruns" / "jobs" / "preempted" / "0" / "training.log").read_text()


def test_signals_to_all_processes_at_random_instants_leave_nothing_running_and_nothing_failed(
    checkout: Checkout,
    commands,
    tmp_path: Path,
) -> None:
    dice, n_trials, codes = random.Random(0), 4, []
    command = (
        *COMMAND,
        "training.epochs=40",
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
    assert_trained_once(checkout, "signalled", n_trials, 40)


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
