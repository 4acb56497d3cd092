"""A database of runs that others lock, or that goes away, costs a message or a wait, and no training."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from checkout import SMALL, Checkout, wait_for_epoch

LOCKED = 30.0
"""Seconds of the lock: longer than MLflow waits by itself."""
ENDLESS = ("dataset.limit=300", "model.hidden=[16]", "training.patience=null", "pictures=few", "pictures.final=[]")


@pytest.mark.fault("database", "another program locks the database for 30 s while a run is recorded")
def test_locked_database(checkout: Checkout) -> None:
    """The training waits, says so, and ends with every epoch recorded."""
    process = checkout.start("pipeline.train", *ENDLESS, "training.epochs=300", "tracking.experiment=locked")
    wait_for_epoch(process, 2)
    with closing(sqlite3.connect(checkout.root / "mlruns" / "mlflow.db", timeout=30)) as database:
        database.execute("BEGIN EXCLUSIVE")
        time.sleep(LOCKED)
        database.rollback()
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "Another program has locked sqlite:///" in out + err
    [run] = checkout.runs("locked")
    assert run.info.status == "FINISHED"
    steps = [step for step, _ in checkout.history(run.info.run_id, "train/epoch/loss")]
    assert steps == list(range(1, 301))


@pytest.mark.fault("database", "another program locks the database file of a study for 30 s")
def test_locked_storage_of_a_study(checkout: Checkout, tmp_path: Path) -> None:
    """The study waits, and trains each of its trials once."""
    file = tmp_path / "study.db"
    study = (
        "sweep=study",
        "sweep.study=locked",
        "sweep.n_trials=4",
        "sweep.slots=1",
        f"sweep.storage=sqlite:///{file}",
    )
    search = ("model.latent_dim=1,2,3,4", "sweep/sampler=grid", "tracking.experiment=locked_study")
    process = checkout.start("pipeline.train", "-m", *SMALL, *study, *search)
    deadline = time.monotonic() + 60
    while not (file.exists() and checkout.client.get_experiment_by_name("locked_study")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    with closing(sqlite3.connect(file, timeout=30)) as database:
        database.execute("BEGIN EXCLUSIVE")
        time.sleep(LOCKED)
        database.rollback()
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "4 done" in out
    statuses = [run.info.status for run in checkout.runs("locked_study")]
    assert statuses == ["FINISHED"] * 5
