"""The MLflow UI over our database, and runs that are kept on a server: real servers, real commands."""

import os
import re
import signal
import time
import urllib.request
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import psutil
import pytest
from checkout import Checkout, free_port, wait_for_epoch
from servers import troubled, without_artifacts

from pipeline.errors import InputError, StoreUnreachable
from pipeline.tracking.lifecycle import start_run
from pipeline.tracking.store import Store
from pipeline.tracking.trials import Trials

pytestmark = pytest.mark.slow

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
        assert re.search(r"otherwise choose another port: make ui PORT=\d+\n", second.stderr)


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
        env = {"MLFLOW_TRACKING_URI": ui.address}
        for command in (
            ("pipeline.compare", f"runs=[{run.info.run_id}]"),
            ("pipeline.evaluate", f"run={run.info.run_id}"),
        ):
            assert checkout.run(*command, env=env).returncode == 0
            assert checkout.run("pipeline.sync", env=env).stdout.strip() == "Nothing is left to send.", command


def test_a_server_that_falls_silent_is_told_from_one_that_has_no_such_run(checkout: Checkout) -> None:
    before = mlflow.get_tracking_uri()
    with checkout.ui(free_port()) as ui:
        store = Store(ui.address)
        with pytest.raises(InputError, match="run nothing is not in http") as refused:
            store.run("nothing")
        assert not isinstance(refused.value, StoreUnreachable)
    with pytest.raises(StoreUnreachable, match=r"does not answer: .*Run nothing is not recorded on this machine"):
        store.run("nothing")
    with pytest.raises(StoreUnreachable, match="no answer from MLflow there: nothing listens there"):
        Store(ui.address)
    mlflow.set_tracking_uri(before)


def test_a_search_that_a_server_refuses_is_told_from_a_filter_that_is_wrong(checkout: Checkout) -> None:
    before = mlflow.get_tracking_uri()
    trouble: dict[str, float] = {}
    with checkout.ui(free_port()) as ui, troubled(ui.address, trouble) as address:
        store = Store(address)
        with pytest.raises(InputError, match=r"filter=nonsense: .*Invalid clause.* Expected for example: metrics.`t"):
            store.search(["0"], "nonsense")
        trouble["status"] = 403
        with pytest.raises(
            InputError, match=f"tracking.uri={address}: MLflow cannot search the runs there "
        ) as refused:
            store.search(["0"], "tags.own = '1'")
        assert "error code 403" in str(refused.value)
        assert "filter=" not in str(refused.value)
    mlflow.set_tracking_uri(before)


def test_a_run_that_its_server_has_is_not_told_of_another_that_the_server_refuses(
    checkout: Checkout, caplog: pytest.LogCaptureFixture
) -> None:
    before = mlflow.get_tracking_uri()
    with checkout.ui(free_port()) as ui:
        store = Store(ui.address)
        with start_run(store, "several", "deleted", {}) as deleted:
            checkout.client.delete_run(deleted.id)
            deleted.tags({"written": "late"})
        with start_run(store, "several", "well", {}) as well:
            well.tags({"written": "late"})
        assert checkout.client.get_run(well.id).data.tags["written"] == "late"
    told = [each.getMessage() for each in caplog.records if "and not all of it on the server" in each.getMessage()]
    assert len(told) == 1
    assert told[0].startswith(f"Run {deleted.id} is recorded on this machine, and not all of it on the server (")
    assert "deleted" in told[0]
    mlflow.set_tracking_uri(before)


def test_a_run_that_no_server_has_yet_is_not_looked_for_on_one() -> None:
    before = mlflow.get_tracking_uri()
    store = Store(f"http://127.0.0.1:{free_port()}", "always")
    with start_run(store, "offline", "it", {}) as run:
        assert run.where_to_look().endswith(f"-m pipeline.sync tracking.uri={store.uri}")
    assert store.run(run.id).info.status == "FINISHED"
    mlflow.set_tracking_uri(before)


def test_a_trial_that_another_machine_may_have_begun_waits_for_the_server() -> None:
    before = mlflow.get_tracking_uri()
    store = Store(f"http://127.0.0.1:{free_port()}", "always")
    with start_run(store, "offline", "study", {}) as study:
        trials = Trials(store, "study", study.id)
        assert trials.run_of(0) is None
        with pytest.raises(StoreUnreachable, match="offline=always"):
            trials.run_of(0, may_be_elsewhere=True)
        with start_run(store, "offline", "it", trials.tags(0), parent=study.id) as mine:
            pass
        run = trials.run_of(0, may_be_elsewhere=True)
        assert run
        assert run.info.run_id == mine.id, "this machine has begun it itself"
    mlflow.set_tracking_uri(before)


def content_of(checkout: Checkout, run_id: str) -> dict[str, Any]:
    """What a run of a training has, apart from times, ids and what tells that it was begun offline."""
    run = checkout.client.get_run(run_id)
    names = [name for name in run.data.metrics if not name.endswith("images_per_second")]
    own = ("command", "mlflow.delivered", "mlflow.begunAs", "mlflow.user", "pid", "process_started")
    folder = checkout.artifacts(run_id)
    files = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    [model] = [checkout.client.get_logged_model(each.model_id) for each in run.outputs.model_outputs]
    return {
        "status": (run.info.status, run.info.run_name),
        "params": run.data.params,
        "metrics": {name: checkout.history(run_id, name) for name in names},
        "tags": {name: tag for name, tag in run.data.tags.items() if not name.startswith(own)},
        "inputs": sorted(each.dataset.digest for each in run.inputs.dataset_inputs),
        "files": {path: content for path, content in files.items() if path.parent.name != "images"},
        "cards": sorted(
            (re.sub(r"timestamp.*[+]|[^+]{36}[.]", "", path.name), content)
            for path, content in files.items()
            if path.parent.name == "images"
        ),
        "model metrics": {each.key: each.value for each in model.metrics or []},
    }


TRAINING = (*SMALL[:2], "pictures.final=[latent]", "training.epochs=60", "training.patience=null", "tracking.name=it")


@pytest.mark.fault("server", "the tracking server is killed during a training")
def test_a_training_whose_server_is_killed_is_recorded_as_if_nothing_had_happened(checkout: Checkout) -> None:
    """The training ends, says what is left and how to send it; sent, the run equals one that nothing happened to."""
    port = free_port()
    with checkout.ui(port) as ui:
        env = {"MLFLOW_TRACKING_URI": ui.address}
        assert checkout.train(*TRAINING, "tracking.experiment=undisturbed", env=env).returncode == 0
        training = checkout.start("pipeline.train", *TRAINING, "tracking.experiment=killed", env=env)
        wait_for_epoch(training, 3)
    out, err = training.communicate(timeout=120)
    assert training.returncode == 0, err
    assert f"{ui.address} does not answer" in out
    assert "is recorded on this machine, and not all of it on the server" in out
    assert "-m pipeline.sync tracking.uri=" in out
    [run] = checkout.runs("killed")
    assert run.info.status == "RUNNING", "as far as the server knows"

    shown = checkout.run("pipeline.compare", f"runs=[{run.info.run_id}]", env=env)
    assert shown.returncode == 0, shown.stderr
    with_it = checkout.run("pipeline.generate", f"run={run.info.run_id}", env=env)
    assert with_it.returncode == 0, with_it.stderr
    refused = checkout.run("pipeline.sync", env=env)
    assert refused.returncode == 2
    assert re.search(rf"\d runs? could not be sent as a whole: {ui.address}: no answer from MLflow", refused.stderr)
    with checkout.ui(port):
        assert "writes sent, run " in (sent := checkout.run("pipeline.sync", env=env)).stdout, sent.stderr
        assert checkout.run("pipeline.sync", env=env).stdout == "Nothing is left to send.\n"
    [undisturbed] = checkout.runs("undisturbed")
    after, before = (content_of(checkout, each.info.run_id) for each in (run, undisturbed))
    for part, content in before.items():
        assert after[part] == content, part


@pytest.mark.fault("server", "the tracking server is down when a training begins")
def test_a_training_begun_without_its_server_goes_on_by_either_id(checkout: Checkout) -> None:
    """It begins all the same, is found on its machine by its id, and goes on by that id or by the one of the server."""
    port = free_port()
    env = {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}"}
    offline = (*TRAINING, "tracking.experiment=offline")
    refused = checkout.train(*offline, "tracking.offline=never", env=env)
    assert refused.returncode == 2
    assert "no answer from MLflow there: nothing listens there" in refused.stderr
    with pytest.raises(AssertionError, match="no experiment offline"):
        checkout.runs("offline")

    training = checkout.start("pipeline.train", *offline, env=env)
    wait_for_epoch(training, 3)
    training.send_signal(signal.SIGINT)
    _, err = training.communicate(timeout=60)
    assert training.returncode == 130, err
    [run_id] = set(re.findall(r"resume=([0-9a-f]{32})", err))
    checkpoint = checkout.root / "mlruns" / "checkpoints" / f"{run_id}.npz"
    assert checkpoint.exists()
    training = checkout.start("pipeline.train", f"resume={run_id}", env=env)
    wait_for_epoch(training, 6)
    training.send_signal(signal.SIGINT)
    _, err = training.communicate(timeout=60)
    assert training.returncode == 130, err
    before = env["MLFLOW_TRACKING_URI"]
    env = {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{(port := free_port())}"}  # the server has moved meanwhile
    with checkout.ui(port):
        for name in ("so that ids", "are not those", "of the replica"):
            checkout.client.create_experiment(name)
        unknown = checkout.run("pipeline.sync", "moved_from=http://127.0.0.1:9", env=env)
        assert unknown.returncode == 2
        assert "moved_from=http://127.0.0.1:9: nothing is kept on this machine" in unknown.stderr
        assert f"What is kept is for: {before}" in unknown.stderr
        nowhere = checkout.run("pipeline.sync", f"moved_from={before}")
        assert nowhere.returncode == 2
        assert f"moved_from={before} needs the address that the server has now: add tracking.uri=" in nowhere.stderr
        sent = checkout.run("pipeline.sync", f"moved_from={before}", env=env)
        assert sent.returncode == 0, sent.stderr
        [run] = checkout.runs("offline")
        assert run.info.status == "KILLED"
        assert run.info.run_id != run_id
        assert run.data.tags["mlflow.begunAs"] == run_id
        again = checkout.train(f"resume={run.info.run_id}", env=env)
        assert again.returncode == 0, again.stderr
        assert not checkpoint.exists()
        for each in (run_id, run.info.run_id):
            for command in (("pipeline.compare", f"runs=[{each}]"), ("pipeline.reproduce", f"run={each}")):
                known = checkout.run(*command, env=env)
                assert known.returncode == 0, known.stderr
        assert checkout.train(*TRAINING, "tracking.experiment=undisturbed", env=env).returncode == 0
    [undisturbed] = checkout.runs("undisturbed")
    [run] = checkout.runs("offline")
    assert run.info.status == "FINISHED"
    steps = [step for step, _ in checkout.history(run.info.run_id, "validation/epoch/loss")]
    assert steps == list(range(1, 61))
    before, after = (content_of(checkout, each.info.run_id) for each in (undisturbed, run))
    assert after["metrics"] == before["metrics"]
    assert after["files"] == before["files"]


@pytest.mark.fault("server", "Ctrl-C while the tracking server is dead")
def test_ctrl_c_ends_a_run_whose_server_is_dead_and_its_end_is_sent(checkout: Checkout) -> None:
    """The run ends at once, and its end reaches the server with the rest."""
    port = free_port()
    with checkout.ui(port) as ui:
        overrides = (*SMALL, "training.epochs=100000", "training.patience=null", "tracking.experiment=stopped")
        training = checkout.start("pipeline.train", *overrides, f"tracking.uri={ui.address}")
        wait_for_epoch(training, 1)
    time.sleep(2)  # by now it has noticed
    training.send_signal(signal.SIGINT)
    out, err = training.communicate(timeout=30)
    assert training.returncode == 130
    assert "resume=" in err
    assert "is recorded on this machine" in out
    with checkout.ui(port):
        assert checkout.run("pipeline.sync").returncode == 0
        [run] = checkout.runs("stopped")
        assert run.info.status == "KILLED"


@pytest.mark.fault("server", "the tracking server freezes (SIGSTOP) during a training")
def test_a_frozen_server_keeps_no_training_waiting(checkout: Checkout) -> None:
    """The training ends, and what is left is sent later."""
    with checkout.ui(free_port()) as ui:
        env = {"MLFLOW_TRACKING_URI": ui.address}
        checkpoints = "tracking.checkpoint_minutes=0.0001"
        training = checkout.start("pipeline.train", *TRAINING, "tracking.experiment=frozen", checkpoints, env=env)
        wait_for_epoch(training, 3)
        served = [psutil.Process(ui.process.pid), *psutil.Process(ui.process.pid).children(recursive=True)]
        try:
            for each in served:
                each.suspend()
            out, err = training.communicate(timeout=120)
        finally:
            for each in served:
                each.resume()
        assert training.returncode == 0, err
        assert "took nothing for 5 s" in out
        sent = checkout.run("pipeline.sync", env=env)
        assert sent.returncode == 0, sent.stderr
        [run] = checkout.runs("frozen")
        assert run.info.status == "FINISHED"
        assert len(checkout.history(run.info.run_id, "validation/epoch/loss")) == 60
        assert not [*checkout.artifacts(run.info.run_id).glob("checkpoint/*")], "it is of no use any more"
        points = checkout.client.get_metric_history(run.info.run_id, "validation/epoch/loss")
        pauses = np.diff(sorted(point.timestamp for point in points))
        assert np.median(pauses) < 2500, "a request that nobody answers is given up after 5 s"


@pytest.mark.fault("server", "the storage of files of the tracking server is out of order during a training")
def test_numbers_arrive_though_no_file_does(checkout: Checkout) -> None:
    """Params, tags and metrics arrive meanwhile, and the files once they are sent again, as if nothing had happened."""
    refused: dict[str, int] = {}
    with checkout.ui(free_port()) as ui, without_artifacts(ui.address, "", refused) as address:
        env = {"MLFLOW_TRACKING_URI": address}
        assert checkout.train(*TRAINING, "tracking.experiment=undisturbed", env=env).returncode == 0
        refused["PUT"] = 500
        training = checkout.start("pipeline.train", *TRAINING, "tracking.experiment=numbers", env=env)
        wait_for_epoch(training, 3)
        out, err = training.communicate(timeout=120)
        assert training.returncode == 0, err
        assert "is recorded on this machine, and not all of it on the server" in out
        [run] = checkout.runs("numbers")
        assert [step for step, _ in checkout.history(run.info.run_id, "validation/epoch/loss")] == list(range(1, 61))
        assert run.data.params
        assert run.info.status == "FINISHED", "though no model arrived"
        assert "test/elbo" in run.data.metrics
        refused.clear()
        sent = checkout.run("pipeline.sync", env=env)
        assert sent.returncode == 0, sent.stderr
        assert checkout.run("pipeline.sync", env=env).stdout == "Nothing is left to send.\n"
    [undisturbed] = checkout.runs("undisturbed")
    [run] = checkout.runs("numbers")
    after, before = (content_of(checkout, each.info.run_id) for each in (run, undisturbed))
    for part, content in before.items():
        assert after[part] == content, part


@pytest.mark.fault("server", "the tracking server answers after 5 s, or with 500 or 429")
@pytest.mark.parametrize("trouble", [{"status": 500}, {"status": 429}, {"delay": 5.0}], ids=str)
def test_a_server_that_answers_late_or_with_errors_keeps_no_training_waiting(
    checkout: Checkout, trouble: dict[str, float]
) -> None:
    """The training ends, and what is left is sent later."""
    now: dict[str, float] = {}
    with checkout.ui(free_port()) as ui, troubled(ui.address, now) as address:
        env = {"MLFLOW_TRACKING_URI": address}
        training = checkout.start("pipeline.train", *TRAINING, "tracking.experiment=troubled", env=env)
        wait_for_epoch(training, 3)
        now |= trouble
        out, err = training.communicate(timeout=60)
        assert training.returncode == 0, err
        assert "is recorded on this machine, and not all of it on the server" in out
        now.clear()
        sent = checkout.run("pipeline.sync", env=env)
        assert sent.returncode == 0, sent.stderr
        [run] = checkout.runs("troubled")
        assert run.info.status == "FINISHED"
        assert [step for step, _ in checkout.history(run.info.run_id, "validation/epoch/loss")] == list(range(1, 61))


def test_a_database_has_nothing_to_send(checkout: Checkout) -> None:
    assert checkout.run("pipeline.sync").stdout == "Nothing is left to send.\n"
    refused = checkout.run("pipeline.sync", "tracking.uri=sqlite:///mlflow.db")
    assert refused.returncode == 2
    assert "is no server. A database has all that is recorded in it already" in refused.stderr
