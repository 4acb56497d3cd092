"""Sweeps that fail, are stopped, are killed or are begun twice: nothing is lost, nothing done twice."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import optuna
import pytest
from checkout import Checkout
from processes import family, trainings
from studies import COMMAND, assert_trained_once, parent_and_trials, study_of, wait_for_training

pytestmark = pytest.mark.slow


def test_failures_have_their_reason_and_the_sweep_goes_on(checkout: Checkout) -> None:
    done = checkout.train(
        *COMMAND,
        "sweep.study=fails",
        "sweep/sampler=grid",
        "sweep.n_trials=2",
        "training.learning_rate=choice(0.001,1e30)",
        "tracking.experiment=fails",
    )
    assert done.returncode == 0, done.stderr
    _, trials = parent_and_trials(checkout, "fails")
    assert [trials[number].info.status for number in (0, 1)] == ["FINISHED", "FAILED"]
    study = study_of(checkout, "fails")
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "FAIL"]
    assert "Try a lower training.learning_rate" in study.trials[1].user_attrs["reason"]
    assert "Try a lower training.learning_rate" in trials[1].data.tags["mlflow.note.content"]
    assert "1 done, 1 failed" in done.stdout


@pytest.mark.fault("kills", "the process of a trial is killed, as by the out-of-memory killer, or takes too long")
def test_a_trial_beyond_its_time_and_a_killed_one_are_failures(checkout: Checkout) -> None:
    """The trial fails with the reason, and the study goes on or gives up as it was told to."""
    process = checkout.start(
        "pipeline.train",
        *COMMAND,
        "training.epochs=100000",
        "sweep.study=late",
        "sweep/pruner=none",
        "sweep.n_trials=2",
        "sweep.trial_timeout=0.3",
        "sweep.max_failures=1",
        "sweep/sampler=grid",
        "model.latent_dim=1,2",
        "tracking.experiment=late",
    )
    wait_for_training(checkout, "late", 1)
    [training] = trainings(process)
    training.kill()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "sweep.study=late: gave up after 2 failures, more than sweep.max_failures=1; the last: trial 1: it" in err
    assert "Raise sweep.max_failures to go on, or mend the cause and begin another study, which takes over" in err
    _, trials = parent_and_trials(checkout, "late")
    notes = [trials[number].data.tags["mlflow.note.content"] for number in (0, 1)]
    assert "its process was killed by SIGKILL; perhaps the memory was used up" in notes[0]
    assert "it took longer than sweep.trial_timeout=0.3 minutes" in notes[1]
    assert {run.info.status for run in trials.values()} == {"FAILED"}


def test_a_study_without_a_value_says_why_and_what_to_do(checkout: Checkout) -> None:
    command = (
        *COMMAND,
        "sweep.study=hopeless",
        "sweep.n_trials=2",
        "sweep/sampler=grid",
        "training.learning_rate=1e30,1e31",
        "tracking.experiment=hopeless",
    )
    done = checkout.train(*command)
    assert done.returncode == 2, done.stdout
    assert "2 failed" in done.stdout
    assert "sweep.study=hopeless: no trial has a value; trial 1: " in done.stderr
    cure = "Mend the cause and begin another study, which takes over what is trained: sweep.study=hopeless_2"
    assert cure in done.stderr
    parent, _ = parent_and_trials(checkout, "hopeless")
    assert parent.info.status == "FAILED"
    assert "**Failed:** sweep.study=hopeless: no trial has a value" in parent.data.tags["mlflow.note.content"]
    assert "Compare all trials" in parent.data.tags["mlflow.note.content"]
    assert checkout.train(*command).returncode == 2
    again, _ = parent_and_trials(checkout, "hopeless")
    assert again.data.tags["mlflow.note.content"] == parent.data.tags["mlflow.note.content"], "it is said once"


@pytest.mark.fault("two commands", "two commands work on a study of the same name")
def test_two_sweeps_of_the_same_name_share_the_work(checkout: Checkout, commands) -> None:
    """They share the trials, and each is trained once."""
    command = (
        *COMMAND,
        "training.epochs=10",
        "sweep.study=shared",
        "sweep/sampler=random",
        "sweep/pruner=none",
        "sweep.n_trials=6",
        "model.latent_dim=range(1,100)",
        "tracking.experiment=shared",
    )
    processes = [checkout.start("pipeline.train", *command, group=True) for _ in range(2)]
    commands.extend(processes)
    for process in processes:
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        assert "\n6 done\n" in out
    study, (_, runs) = study_of(checkout, "shared"), parent_and_trials(checkout, "shared")
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 6
    assert sorted(runs) == list(range(6))
    workers = {trial.system_attrs["owner"]["pid"] for trial in study.trials}
    assert len(workers) == 2, "both have worked"


@pytest.mark.fault("kills", "all processes of a study are killed at random instants, again and again")
def test_a_sweep_survives_kills_at_random_instants(checkout: Checkout, commands, tmp_path: Path) -> None:
    """The same command goes on; each trial is trained once and each epoch recorded once."""
    dice, trials, kills = random.Random(0), 6, 0
    command = (
        *COMMAND,
        "training.epochs=40",
        "sweep.study=killed",
        f"sweep.n_trials={trials}",
        "sweep.slots=2",
        "sweep/pruner=none",
        "sweep.max_failures=null",
        "model.latent_dim=range(1,7)",
        "sweep/sampler=grid",
        "tracking.experiment=killed",
    )
    with (tmp_path / "log").open("w") as log:
        for _ in range(10):
            process = checkout.start("pipeline.train", *command, out=log, group=True)
            commands.append(process)
            try:
                process.wait(dice.uniform(1, 5))
                break
            except subprocess.TimeoutExpired:
                pass
            everything = family(process)
            for each in dice.choice([everything[:1], everything]):
                each.kill()
            process.wait()
            kills += 1
        process = checkout.start("pipeline.train", *command, out=log, group=True)
        commands.append(process)
        assert process.wait(300) == 0, (tmp_path / "log").read_text()[-3000:]
    assert kills >= 5
    assert [trial.state.name for trial in study_of(checkout, "killed").trials] == ["COMPLETE"] * trials
    assert_trained_once(checkout, "killed", trials, 40)
    _, runs = parent_and_trials(checkout, "killed")
    assert sorted(run.data.params["model.latent_dim"] for run in runs.values()) == ["1", "2", "3", "4", "5", "6"]


@pytest.mark.fault("signals", "Ctrl-C during a study")
def test_ctrl_c_ends_a_sweep_within_ten_seconds_and_says_how_to_go_on(checkout: Checkout, commands) -> None:
    """The command ends within ten seconds, says how to go on, and leaves nothing running."""
    process = checkout.start(
        "pipeline.train",
        *COMMAND,
        "training.epochs=100000",
        "sweep.study=stopped",
        "sweep.slots=2",
        "model.latent_dim=1,2",
        "sweep/sampler=grid",
        "sweep.n_trials=2",
        "tracking.experiment=stopped",
        group=True,
    )
    commands.append(process)
    wait_for_training(checkout, "stopped", 2)
    asked = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all of its processes
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - asked < 10
    assert process.returncode == 130
    assert "Go on with the same command" in err
    assert "Traceback" not in out + err
    assert {trial.state.name for trial in study_of(checkout, "stopped").trials} == {"WAITING"}
    parent, runs = parent_and_trials(checkout, "stopped")
    assert {run.info.status for run in (parent, *runs.values())} == {"KILLED"}


def test_workers_that_another_launcher_starts_share_the_trials_of_a_database(
    checkout: Checkout, tmp_path: Path
) -> None:
    storage = f"sqlite:///{tmp_path / 'studies.db'}"
    done = checkout.train(
        *COMMAND,
        "hydra/launcher=joblib",
        "hydra.launcher.n_jobs=2",
        "sweep.workers=2",
        "sweep.study=launched",
        f"sweep.storage={storage}",
        "sweep/sampler=grid",
        "sweep/pruner=none",
        "sweep.n_trials=4",
        "model.latent_dim=1,2,3,4",
        "tracking.experiment=launched",
    )
    assert done.returncode == 0, done.stderr
    study = optuna.load_study(study_name="launched", storage=storage)
    assert [(trial.state.name, trial.params["model.latent_dim"]) for trial in study.trials] == [
        ("COMPLETE", number) for number in (1, 2, 3, 4)
    ]
    _, runs = parent_and_trials(checkout, "launched")
    assert sorted(runs) == [0, 1, 2, 3]
    workers = {trial.system_attrs["owner"]["pid"] for trial in study.trials}
    assert len(workers) == 2, "both have worked"
