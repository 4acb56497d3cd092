"""Runs that are stopped, killed or diverge, through the real command; and how they go on."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from checkout import SMALL, Checkout, wait_for_epoch

from pipeline.tracking.run_facts import beginning

pytestmark = pytest.mark.slow

WARM_UP = ("objective/schedule=warmup", "objective.schedule.epochs=4")
LONG = ("dataset.limit=600", "model.hidden=[32]", "model.dropout=0.2", *WARM_UP)
ENDLESS = (*LONG, "training.epochs=100000", "training.patience=null", "pictures.epochs=[]")


def wait_for_status(checkout: Checkout, run_id: str, seconds: float = 60) -> str:
    """The status once the run is no longer running."""
    deadline = time.monotonic() + seconds
    status = "RUNNING"
    while status == "RUNNING" and time.monotonic() < deadline:
        time.sleep(0.2)
        status = checkout.client.get_run(run_id).info.status
    return status


@pytest.mark.fault("kills", "a training is killed (SIGKILL)")
def test_a_run_killed_at_any_moment_is_closed_and_resumes_bit_for_bit(checkout: Checkout) -> None:
    """Its run is closed within seconds, and resumes to the same bits as an undisturbed one."""
    settings = (*LONG, "training.epochs=40", "training/schedule=one_cycle", "pictures=cards")
    whole = checkout.train(*settings, "tracking.experiment=whole")
    assert whole.returncode == 0, whole.stderr
    expected = checkout.runs("whole")[0].info.run_id

    process = checkout.start("pipeline.train", *settings, "tracking.experiment=killed")
    wait_for_epoch(process, 4)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    run_id = checkout.runs("killed")[0].info.run_id
    assert wait_for_status(checkout, run_id) == "KILLED"
    assert f"resume={run_id}" in checkout.client.get_run(run_id).data.tags["mlflow.note.content"]

    checkout.client.set_tag(run_id, "numpy", "1.0")
    done = checkout.train(f"resume={beginning(run_id)}")
    assert done.returncode == 0, done.stderr
    assert "Not bit for bit: numpy was 1.0, is " in done.stdout
    assert checkout.client.get_run(run_id).info.status == "FINISHED"
    trained = [f"train/epoch/{name}" for name in ("loss", "rate", "beta", "learning_rate")]
    for metric in (*trained, "validation/epoch/loss", "validation/epoch/distortion"):
        assert checkout.history(run_id, metric) == checkout.history(expected, metric)
    for part in ("test/elbo", "test/mse"):
        assert checkout.history(run_id, part) == checkout.history(expected, part)

    again = checkout.train(f"resume={run_id}")
    assert again.returncode == 2
    assert "is FINISHED and has no checkpoint here" in again.stderr


@pytest.mark.fault("signals", "a training gets SIGINT, SIGTERM or SIGUSR2")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGUSR2, 140)])
def test_a_signal_ends_the_run_tidily_with_what_was_reached(checkout: Checkout, number: int, code: int) -> None:
    """The run ends as killed with what was reached and the command that goes on."""
    experiment = f"signal{number}"
    process = checkout.start("pipeline.train", *ENDLESS, f"tracking.experiment={experiment}")
    wait_for_epoch(process, 2)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in err
    [run] = checkout.runs(experiment)
    assert run.info.status == "KILLED"
    assert re.search(r"\*\*Killed:\*\* Stopped by SIG\w+\. \d+ epochs? done", run.data.tags["mlflow.note.content"])
    assert f"resume={run.info.run_id}" in err


def test_a_run_that_is_still_training_can_be_neither_resumed_nor_used(checkout: Checkout) -> None:
    process = checkout.start("pipeline.train", *ENDLESS, "tracking.experiment=busy")
    try:
        wait_for_epoch(process, 1)
        [run] = checkout.runs("busy")
        second = checkout.train(f"resume={run.info.run_id}")
        early = checkout.run("pipeline.generate", f"run={run.info.run_id}")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert second.returncode == early.returncode == 2
    assert f"is still training, in process {process.pid}" in second.stderr
    assert "is still training; expected one that is finished. Wait until it is" in early.stderr


@pytest.mark.fault("kills", "a power cut, which leaves a run RUNNING")
def test_a_run_that_a_power_cut_left_running_is_closed_by_the_next_start(checkout: Checkout) -> None:
    """The next command closes the run, and says how to resume it."""
    process = checkout.start("pipeline.train", *ENDLESS, "tracking.experiment=cut")
    wait_for_epoch(process, 1)
    [run] = checkout.runs("cut")
    for child in subprocess.check_output(["pgrep", "-P", str(process.pid)], text=True).split():
        os.kill(int(child), signal.SIGKILL)  # the guard
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert checkout.client.get_run(run.info.run_id).info.status == "RUNNING"
    assert checkout.train(*SMALL, "tracking.experiment=next").returncode == 0
    closed = checkout.client.get_run(run.info.run_id)
    assert closed.info.status == "KILLED"
    assert f"resume={run.info.run_id}" in closed.data.tags["mlflow.note.content"]


def test_a_diverging_run_fails_with_epoch_step_and_settings(checkout: Checkout) -> None:
    done = checkout.train(*SMALL, "training.learning_rate=1e30", "tracking.experiment=diverged")
    assert done.returncode == 2
    for phrase in ("in epoch 1 by step", "learning rate 1e+30", "Try a lower training.learning_rate"):
        assert phrase in done.stderr
    assert "Traceback" not in done.stderr
    [run] = checkout.runs("diverged")
    assert run.info.status == "FAILED"
    assert "training.learning_rate" in run.data.tags["mlflow.note.content"]


def test_a_run_is_resumed_with_its_own_data_only_and_from_anywhere(checkout: Checkout, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 255, (300, 8, 8), np.uint8)
    np.savez(tmp_path / "mine.npz", images=images)
    settings = ("dataset=npz", "dataset.dir=mine.npz", *ENDLESS, "dataset.limit=200", "tracking.experiment=mine.npz")
    process = checkout.start("pipeline.train", *settings, cwd=tmp_path)
    wait_for_epoch(process, 2)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    [run] = checkout.runs("mine.npz")

    np.savez(tmp_path / "mine.npz", images=255 - images)
    other = checkout.train(f"resume={run.info.run_id}")
    assert other.returncode == 2
    assert "the data are no longer those that the run was trained on" in other.stderr
    assert checkout.client.get_run(run.info.run_id).data.tags["data_fingerprint"] == run.data.tags["data_fingerprint"]

    np.savez(tmp_path / "mine.npz", images=images)
    process = checkout.start("pipeline.train", f"resume={run.info.run_id}", cwd=checkout.root)
    wait_for_epoch(process, 3)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert len(checkout.client.get_run(run.info.run_id).inputs.dataset_inputs) == len(run.inputs.dataset_inputs)


@pytest.mark.fault("damaged", "the config that a run has recorded names a program of its own")
def test_a_recorded_config_executes_nothing_when_its_run_is_resumed(checkout: Checkout, tmp_path: Path) -> None:
    """Resuming it is refused, whatever the record trusts; nothing is executed."""
    process = checkout.start("pipeline.train", *ENDLESS, "tracking.experiment=hostile")
    wait_for_epoch(process, 2)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    [run] = checkout.runs("hostile")
    record = checkout.artifacts(run.info.run_id) / "config.yaml"
    before = record.read_text()
    made = tmp_path / "made"
    for path in ("training.runtime", "likelihood"):
        hostile = yaml.safe_load(before)
        node = hostile
        *above, last = path.split(".")
        for name in above:
            node = node[name]
        node[last] = {"_target_": "subprocess.Popen", "args": ["touch", str(made)]}
        record.write_text(yaml.safe_dump(hostile | {"trusted": ["subprocess"]}))
        done = checkout.train(f"resume={run.info.run_id}")
        assert done.returncode == 2, done.stdout
        assert f"{path}._target_=subprocess.Popen: only pipeline, keras.activations" in done.stderr
        assert not made.exists()
    record.write_text(before)


@pytest.mark.fault("damaged", "a checkpoint is damaged")
def test_a_damaged_checkpoint_is_named_with_the_cure(checkout: Checkout) -> None:
    """The command ends with a message that names it."""
    process = checkout.start("pipeline.train", *ENDLESS, "tracking.experiment=damaged")
    wait_for_epoch(process, 1)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    [run] = checkout.runs("damaged")
    (checkout.root / "mlruns" / "checkpoints" / f"{run.info.run_id}.npz").write_bytes(b"nonsense")
    done = checkout.train(f"resume={run.info.run_id}")
    assert done.returncode == 2
    assert "this checkpoint is damaged" in done.stderr
    assert "Traceback" not in done.stderr
