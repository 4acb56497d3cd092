"""A study whose tracking server is away goes on, and is recorded as if the server had been there."""

from pathlib import Path

import pytest
from checkout import Checkout, free_port
from mlflow.tracking import MlflowClient
from processes import wait_until
from studies import COMMAND, assert_trained_once, parent_and_trials, prepared_view, study_of, wait_for_training

pytestmark = pytest.mark.slow

STUDY = (
    *COMMAND,
    "training.epochs=60",
    "sweep.study=outage",
    "sweep.n_trials=4",
    "sweep.slots=2",
    "sweep.max_failures=0",
    "sweep/sampler=grid",
    "sweep/pruner=none",
    "model.latent_dim=1,2,3,4",
    "tracking.experiment=outage",
)


@pytest.mark.fault("server", "the tracking server is killed during a study")
def test_a_study_that_loses_its_server_ends_with_its_report_and_is_sent_afterwards(
    checkout: Checkout, commands, tmp_path: Path
) -> None:
    """The study ends with its report and champion; sent afterwards, each trial and each epoch is there once."""
    port, said = free_port(), tmp_path / "log"
    with checkout.ui(port) as server, said.open("w") as log:
        for name in ("so that ids", "are not those", "of the replica"):
            MlflowClient(server.address).create_experiment(name)
        uri = f"tracking.uri={server.address}"
        process = checkout.start("pipeline.train", *STUDY, uri, out=log, group=True)
        commands.append(process)
        wait_for_training(checkout, "outage", 2, process)
    assert process.wait(300) == 0, said.read_text()
    assert "\n4 done\n" in said.read_text()
    assert "is recorded on this machine, and not all of it on the server" in said.read_text()
    assert {trial.state.name for trial in study_of(checkout, "outage").trials} == {"COMPLETE"}
    with checkout.ui(port) as server:
        sent = checkout.run("pipeline.sync", uri)
        assert sent.returncode == 0, sent.stderr
        client = MlflowClient(server.address)
        parent, _ = parent_and_trials(checkout, "outage")
        assert parent.info.run_id in str(prepared_view(checkout, parent.info.experiment_id, parent.info.run_id))
        assert f"viewStateShareKey={parent.info.run_id}" in parent.data.tags["mlflow.note.content"]
        assert {"trials.csv", "wall.png"} <= {each.path for each in client.list_artifacts(parent.info.run_id)}
        assert client.get_model_version_by_alias("outage", "champion").version == "1"
    assert_trained_once(checkout, "outage", 4, 60)


@pytest.mark.fault("server", "the tracking server comes back while a study that was begun without it is at work")
def test_a_study_that_is_begun_without_its_server_is_sent_when_the_server_comes(
    checkout: Checkout, commands, tmp_path: Path
) -> None:
    """What is recorded is sent once the server answers; each trial and each epoch is there once."""
    port, said = free_port(), tmp_path / "log"
    study = [each.replace("outage", "begun_offline") for each in STUDY]
    with said.open("w") as log:
        process = checkout.start("pipeline.train", *study, f"tracking.uri=http://127.0.0.1:{port}", out=log, group=True)
        commands.append(process)
        wait_until(lambda: "trial   0 done" in said.read_text(), "no trial was ever trained", process)
        with checkout.ui(port):
            assert process.wait(300) == 0, said.read_text()
            sent = checkout.run("pipeline.sync", f"tracking.uri=http://127.0.0.1:{port}")
            assert sent.returncode == 0, sent.stderr
    assert_trained_once(checkout, "begun_offline", 4, 60)


def test_a_study_that_is_to_stay_offline_never_connects(checkout: Checkout) -> None:
    small = ("training.epochs=2", "sweep.study=stays_offline", "tracking.experiment=stays_offline")
    with checkout.ui(free_port()) as server:
        uri = f"tracking.uri={server.address}"
        done = checkout.run("pipeline.train", *STUDY, *small, uri, "tracking.offline=always")
        assert done.returncode == 0, done.stderr
        assert "not all of it on the server (tracking.offline=always)" in done.stderr
        assert checkout.client.get_experiment_by_name("stays_offline") is None
        assert checkout.run("pipeline.sync", uri).returncode == 0
    assert_trained_once(checkout, "stays_offline", 4, 2)
