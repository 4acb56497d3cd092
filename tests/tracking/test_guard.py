"""The guard closes the run of a process that was killed, whatever signals come for all processes."""

import time
from pathlib import Path

import mlflow
import psutil
import pytest

from pipeline.process.interruption import SIGNALS
from pipeline.tracking.guard import Guard
from pipeline.tracking.owner import owner_tags
from pipeline.tracking.store import Store


@pytest.mark.fault("signals", "a signal reaches the guard of a run")
def test_no_signal_ends_a_guard_before_its_pipe_does(tmp_path: Path) -> None:
    """The guard stays until the process that it watches has ended, and closes the run."""
    before = mlflow.get_tracking_uri()
    store = Store(f"sqlite:///{tmp_path / 'mlflow.db'}")
    mlflow.set_tracking_uri(before)
    run = store.client.create_run(store.experiment("tests"), tags=owner_tags())
    known = set(psutil.Process().children())
    guard = Guard(store.uri, run.info.run_id, owner_tags())
    [process] = set(psutil.Process().children()) - known
    for _ in range(100):  # from its first instruction on
        for number in SIGNALS:
            process.send_signal(number)
        time.sleep(0.01)
    guard.abandon()
    process.wait(120)
    closed = store.run(run.info.run_id)
    assert closed.info.status == "KILLED"
    assert "The process was killed" in closed.data.tags["mlflow.note.content"]
