"""What a run has recorded, to be trained once more and compared with."""

from pathlib import Path

import mlflow
import pytest

from pipeline.errors import InputError
from pipeline.metric_names import SPEED
from pipeline.reproduction import reproduction
from pipeline.tracking.lifecycle import start_run
from pipeline.tracking.store import Store


def test_a_run_without_epochs_has_nothing_to_compare_with(tmp_path: Path) -> None:
    before = mlflow.get_tracking_uri()
    store = Store(f"sqlite:///{tmp_path / 'mlflow.db'}")
    with start_run(store, "tests", "it", {}) as run:
        run.summary({"test/elbo": -1.0})
    with pytest.raises(InputError) as refused:
        reproduction._recorded(store, store.run(run.id))
    assert str(refused.value) == (f"run={run.id}: no epoch is recorded to compare with: was it made by pipeline.train?")
    with start_run(store, "tests", "it", {}) as trained:
        trained.metrics(1, {"validation/epoch/loss": 2.0, SPEED: 5.0})
        trained.summary({"test/elbo": -1.0})
    recorded = reproduction._recorded(store, store.run(trained.id))
    assert recorded == {None: {"test/elbo": -1.0}, 1: {"validation/epoch/loss": 2.0}}, "a speed is never the same"
    mlflow.set_tracking_uri(before)
