"""A study has one run of its own in MLflow, whenever the command that begins it is killed."""

import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.errors import Interrupted, StoreUnreachable
from pipeline.process.interruption import signals_deferred
from pipeline.sweep.study.study import Study
from pipeline.sweep.study_run import SharedRun, begun_run_id, study_run
from pipeline.tracking.run_files import artifact_text
from pipeline.tracking.store import Store
from pipeline.tracking.tags import STUDY, STUDY_KEY

CONFIG = {"model": {"latent_dim": 2}}


@pytest.fixture
def store(tmp_path: Path, empty_database: Path) -> Store:
    """A tracking store without runs."""
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    return Store(f"sqlite:///{tmp_path / 'mlflow.db'}")


@pytest.mark.fault("kills", "a command is killed while it begins a study")
@pytest.mark.parametrize("params", [{}, {"n_trials": "5"}], ids=["before its parameters", "after them"])
def test_a_command_that_was_killed_while_it_began_a_study_leaves_a_run_that_the_next_one_finishes(
    plan, store: Store, params: dict[str, str]
) -> None:
    """The next command finishes what it had begun; the study has one run."""
    settings = plan().settings
    study = Study(plan())
    left = store.client.create_run(store.experiment("runs"), tags={STUDY: settings.study, STUDY_KEY: study.key})
    of_another = store.client.create_run(store.experiment("runs"), tags={STUDY: settings.study, STUDY_KEY: "another"})
    for name, value in params.items():
        store.client.log_param(left.info.run_id, name, value)
    assert begun_run_id(settings) is None
    with study_run(Study(plan()), store, "runs", CONFIG) as run:
        assert run.id == left.info.run_id
        assert begun_run_id(settings)
    with study_run(Study(plan()), store, "runs", CONFIG) as again:
        assert again.id == run.id
    ended = store.run(run.id)
    assert ended.info.status == "FINISHED"
    assert ended.data.params == (params or {name: str(value) for name, value in study.plan.described().items()})
    assert artifact_text(store, run.id, "config.yaml") == "model:\n  latent_dim: 2\n"
    assert store.run(of_another.info.run_id).info.status == "RUNNING"


def test_a_signal_that_came_while_the_server_was_asked_is_heard(plan, store: Store, listening) -> None:
    with study_run(Study(plan()), store, "runs", CONFIG) as run:
        shared = SharedRun(store, run.id)
        shared.ensure_open()
        with suppress(StoreUnreachable), signals_deferred():
            os.kill(os.getpid(), signal.SIGTERM)
            raise StoreUnreachable("the error of the block, by which the signal is not raised at its end")
        with pytest.raises(Interrupted):
            shared.ensure_open()
