"""Studies on several nodes with PostgreSQL and an MLflow server: a node dies, a database restarts, a node differs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
import requests
from checkout import SMALL, Checkout, free_port
from database_servers import started
from mlflow.tracking import MlflowClient
from optuna.storages import RDBStorage
from optuna.trial import TrialState
from postgresql import PASSWORD, PostgreSQL
from processes import family, wait_until
from sqlalchemy.pool import NullPool

pytestmark = pytest.mark.slow

TRIALS = 6
STUDY = (
    *("-m", "sweep=study", *SMALL, "dataset=npz", "training.epochs=40", "training.patience=null"),
    *("sweep.study=nodes", "sweep/sampler=random", "sweep/pruner=none", f"sweep.n_trials={TRIALS}"),
    *("tracking.experiment=nodes", "model.latent_dim=range(1,100)"),
)


@pytest.fixture
def postgresql() -> Iterator[PostgreSQL]:
    with started(PostgreSQL) as server:
        yield server


@pytest.fixture
def tracking(postgresql: PostgreSQL, tmp_path: Path) -> Iterator[str]:
    """The address of an MLflow server over PostgreSQL, which passes artifacts on."""
    port = free_port()
    where = [
        "--backend-store-uri",
        postgresql.created("mlflow"),
        "--artifacts-destination",
        str(tmp_path / "artifacts"),
    ]
    command = [sys.executable, "-m", "mlflow", "server", *where, "--port", str(port), "--workers", "1"]
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with subprocess.Popen(command, env=os.environ | quiet, start_new_session=True) as server:
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: _answers(address), "the tracking server never answered")
        yield address
        os.killpg(server.pid, signal.SIGTERM)


def node(folder: Path, images: np.ndarray) -> Checkout:
    """A checkout on a node of its own, with these images, whose leases expire after 20 s instead of 200."""
    checkout = Checkout(folder)
    lease = checkout.root / "pipeline" / "sweep" / "study" / "lease.py"
    lease.write_text(lease.read_text().replace("RENEWAL = 20.0", "RENEWAL = 2.0"))
    np.savez(checkout.root / "images.npz", images=images, labels=np.arange(len(images)) % 2)
    return checkout


@pytest.mark.fault("nodes", "a node of a study is lost, and the database of the study is restarted")
def test_a_study_that_two_nodes_begin_at_once_outlives_one_of_them_and_a_restart_of_its_database(
    postgresql: PostgreSQL, tracking: str, commands: list[subprocess.Popen[str]], tmp_path: Path, blobs
) -> None:
    """The other node trains what is left, each trial once."""
    storage = postgresql.created("optuna")
    command = (*STUDY, "dataset.dir=images.npz", "sweep.storage=${oc.env:STUDY_STORAGE}", f"tracking.uri={tracking}")
    env = {"STUDY_STORAGE": storage}
    observer = RDBStorage(storage, engine_kwargs={"poolclass": NullPool})
    first, second = (node(tmp_path / name, blobs(300)) for name in ("first", "second"))
    for checkout in (first, second):
        start = checkout.start_anew("pipeline.train", *command, env=env, group=True, host=checkout.root.name)
        commands.append(start)
    wait_until(lambda: _states(observer)[TrialState.RUNNING] == 2, "the commands never trained at once", commands[0])

    other = node(tmp_path / "other", blobs(300, seed=1))
    refused = other.run("pipeline.train", *command, env=env)
    assert refused.returncode == 2
    here = os.uname().nodename
    assert f"sweep.study=nodes: node {here} has other data (dataset npz, fingerprint " in refused.stderr
    assert "Put the same files there, or begin another study: sweep.study=nodes_2" in refused.stderr
    fit = other.root / "pipeline" / "training" / "fit.py"
    fit.write_text(fit.read_text() + "\nVALIDATION_BATCH = 99\n")
    refused = other.run("pipeline.train", *command, env=env)
    assert refused.returncode == 2
    assert f"sweep.study=nodes: node {here} has other code (" in refused.stderr
    assert "Install the same version on all nodes" in refused.stderr

    assert not _has_password(" ".join(argument for each in commands for argument in _arguments_of(each)))
    for process in family(commands[0]):  # the node loses power
        process.kill()
    postgresql.stop()
    time.sleep(3)
    postgresql.start()
    out, err = commands[1].communicate(timeout=400)
    assert commands[1].returncode == 0, err
    assert "no answer; the study waits for it" in out + err
    assert f"{TRIALS} done" in out
    assert _states(observer) == {state: TRIALS if state == TrialState.COMPLETE else 0 for state in TrialState}

    client = MlflowClient(tracking)
    experiment = client.get_experiment_by_name("nodes")
    runs = client.search_runs([experiment.experiment_id])
    assert {run.info.status for run in runs} == {"FINISHED"}
    [parent] = [run for run in runs if "trial" not in run.data.tags]
    assert sorted(int(run.data.tags["trial"]) for run in runs if run != parent) == list(range(TRIALS))
    assert {"trials.csv", "wall.png"} <= {each.path for each in client.list_artifacts(parent.info.run_id)}
    for folder in (first.root / "mlruns", second.root / "mlruns", tmp_path / "artifacts"):
        written = [path for path in folder.rglob("*") if path.is_file()]
        assert not [path for path in written if _has_password(path.read_text(errors="replace"))]


def _states(storage: RDBStorage) -> dict[TrialState, int]:
    trials = [trial for study in storage.get_all_studies() for trial in storage.get_all_trials(study._study_id)]
    return {state: sum(trial.state == state for trial in trials) for state in TrialState}


def _has_password(text: str) -> bool:
    return PASSWORD in text or quote(PASSWORD, safe="") in text


def _answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/health", timeout=5).ok
    except requests.ConnectionError:
        return False


def _arguments_of(command: subprocess.Popen[str]) -> list[str]:
    return [argument for process in family(command) for argument in process.cmdline()]
