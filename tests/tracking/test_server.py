"""The MLflow UI over our database, and runs that are kept on a server: real servers, real commands."""

import os
import signal
import time
import urllib.request
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import mlflow
import psutil
import pytest
from checkout import Checkout, free_port, wait_for_epoch

from pipeline.errors import InputError, StoreUnreachable
from pipeline.tracking.lifecycle import start_run
from pipeline.tracking.server_check import answers, prompt_answers
from pipeline.tracking.store import Store
from pipeline.tracking.store_address import RETRIES, impatience

SMALL = ("dataset.limit=300", "model.hidden=[16]", "pictures=cards")


@pytest.fixture
def checkout(tmp_path: Path, empty_database: Path) -> Checkout:
    return Checkout(tmp_path / "checkout", empty_database)


def test_the_ui_serves_the_same_database_with_two_light_processes(checkout: Checkout) -> None:
    assert checkout.train(*SMALL, "training.epochs=1").returncode == 0
    experiment = checkout.client.get_experiment_by_name("digits")
    assert experiment
    with checkout.ui(free_port()) as ui:
        runs = f"{ui.address}/#/experiments/{experiment.experiment_id}/runs?workflowType=machine_learning"
        assert ui.link == f"{runs}&compareRunsMode=CHART&viewStateShareKey=overview"
        assert "<div" in urllib.request.urlopen(f"{ui.address}/", timeout=10).read().decode()
        served = psutil.Process(ui.process.pid)
        processes = [served, *served.children(recursive=True)]
        assert len(processes) == 2
        assert sum(process.memory_info().rss for process in processes) < 0.6e9
        port = ui.address.rpartition(":")[2]
        second = checkout.run("pipeline.ui", "--port", port)
        assert second.returncode == 2
        assert f"make ui PORT={int(port) + 1}" in second.stderr


def test_ctrl_c_ends_the_ui_without_a_traceback(checkout: Checkout) -> None:
    with checkout.start_anew("pipeline.ui", "--port", str(free_port()), group=True) as process:
        assert process.stdout
        said = next(line for line in process.stdout if line.startswith("Runs: "))
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all of its processes
        out, err = process.communicate(timeout=30)
    assert "Traceback" not in said + out + err
    assert "oneDNN" not in err, "TensorFlow is no part of the UI"
    assert "GET /" not in out + err


def test_a_run_is_recorded_on_a_server_too(checkout: Checkout) -> None:
    with checkout.ui(free_port()) as ui:
        overrides = (*SMALL, "training.epochs=2", "pictures.final=[latent]", "tracking.experiment=remote")
        done = checkout.train(*overrides, env={"MLFLOW_TRACKING_URI": ui.address})
        assert done.returncode == 0, done.stderr
        [run] = checkout.runs("remote")
        assert run.info.status == "FINISHED"
        assert f"{ui.address}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}?workflow" in done.stdout
        client = mlflow.tracking.MlflowClient(ui.address)
        assert {"config.yaml", "latent.png", "images"} <= {each.path for each in client.list_artifacts(run.info.run_id)}


def test_a_dead_server_is_told_from_a_refusal_and_requests_are_repeated_again_once_a_server_answers(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = mlflow.get_tracking_uri()
    port = free_port()
    with checkout.ui(port) as ui:
        store = Store(ui.address)
        with pytest.raises(InputError, match="run nothing is not in http") as refused:
            store.run("nothing")
        assert not isinstance(refused.value, StoreUnreachable)
    monkeypatch.delenv(RETRIES, raising=False)
    with pytest.raises(StoreUnreachable, match="does not answer: nothing listens there"), prompt_answers(store.uri):
        store.run("nothing")
    assert not answers(store.client)
    assert os.environ[RETRIES] == "0", "nothing is waited for"
    with checkout.ui(port) as ui:
        Store(ui.address)
    assert RETRIES not in os.environ
    mlflow.set_tracking_uri(before)


def test_a_server_that_dies_loses_nothing(checkout: Checkout) -> None:
    port = free_port()
    with checkout.ui(port) as ui:
        env = {"MLFLOW_TRACKING_URI": ui.address, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
        overrides = (*SMALL, "training.epochs=40", "tracking.experiment=dies")
        training = checkout.start("pipeline.train", *overrides, env=env)
        wait_for_epoch(training, 3)
    _, err = training.communicate(timeout=120)
    [run] = checkout.runs("dies")
    assert training.returncode == 2
    assert f"{ui.address} stopped answering" in err
    assert f"resume={run.info.run_id}" in err
    assert "Traceback" not in err

    with checkout.ui(port):
        done = checkout.train(f"resume={run.info.run_id}", env=env)
        assert done.returncode == 0, done.stderr
        assert [step for step, _ in checkout.history(run.info.run_id, "validation/epoch/loss")] == list(range(1, 41))
        assert checkout.client.get_run(run.info.run_id).info.status == "FINISHED"


def test_ctrl_c_ends_a_run_whose_server_is_dead(checkout: Checkout) -> None:
    with checkout.ui(free_port()) as ui:
        overrides = (*SMALL, "training.epochs=100000", "training.patience=null")
        training = checkout.start("pipeline.train", *overrides, f"tracking.uri={ui.address}")
        wait_for_epoch(training, 1)
    time.sleep(2)  # by now it waits for the server
    training.send_signal(signal.SIGINT)
    _, err = training.communicate(timeout=30)
    assert "stopped answering" in err
    assert "resume=" in err


def test_a_run_whose_end_cannot_be_recorded_keeps_what_only_an_open_run_needs(checkout: Checkout) -> None:
    before, removed = mlflow.get_tracking_uri(), []
    for dies in (False, True):
        with checkout.ui(free_port()) as ui:
            store = Store(ui.address)
            ending = pytest.raises(StoreUnreachable, match="Its checkpoint is kept") if dies else nullcontext()
            with impatience(), ending, start_run(store, "tests", "it", {}) as run:
                run.once_finished(partial(removed.append, run.id))
                if dies:
                    ui.stop()
        assert (run.id in removed) is not dies
    mlflow.set_tracking_uri(before)
