"""A run that was interrupted on one machine goes on on another, as if it had never stopped."""

import signal
from pathlib import Path

import pytest
from checkout import SMALL, WITH_PICTURES, Checkout, free_port, wait_for_epoch
from mlflow.tracking import MlflowClient
from servers import without_artifacts

pytestmark = pytest.mark.slow

TRAINING = (*WITH_PICTURES, "training.epochs=12", "training.patience=null", "pictures.final=[latent_film]")


@pytest.mark.fault("nodes", "a training is ended by its scheduler (SIGTERM), and its machine is given to others")
def test_another_machine_goes_on_bit_for_bit(tmp_path: Path) -> None:
    """Another machine goes on from the checkpoint that was sent to the server, to the same bits."""
    one, another = (Checkout(tmp_path / name) for name in ("one", "another"))
    assert one.train(*TRAINING, "tracking.experiment=undisturbed", "tracking.name=it").returncode == 0
    with one.ui(free_port()) as server:
        env = {"MLFLOW_TRACKING_URI": server.address}
        training = one.start("pipeline.train", *TRAINING, "tracking.experiment=travels", "tracking.name=it", env=env)
        wait_for_epoch(training, 4)
        training.send_signal(signal.SIGTERM)
        training.communicate(timeout=60)
        [run] = one.runs("travels")
        assert run.info.status == "KILLED"
        client = MlflowClient(server.address)
        sent = {each.path for each in client.list_artifacts(run.info.run_id, "checkpoint")}
        assert sent == {f"checkpoint/{run.info.run_id}.npz", "checkpoint/snapshots"}

        damaged = another.root / "mlruns" / "checkpoints" / f"{run.info.run_id}.npz"
        damaged.parent.mkdir(parents=True)
        damaged.write_bytes(b"PK")
        done = another.train(f"resume={run.info.run_id}", env=env)
        assert done.returncode == 0, done.stderr
        assert f"The checkpoint of run {run.info.run_id} on this machine is damaged, and left out" in done.stdout
        assert "epoch  1/12" not in done.stdout
        assert not client.list_artifacts(run.info.run_id, "checkpoint")
        film = Path(client.download_artifacts(run.info.run_id, "latent_film.gif", str(tmp_path)))
    [before] = one.runs("undisturbed")
    [after] = one.runs("travels")
    assert after.info.status == "FINISHED"
    names = [name for name in before.data.metrics if not name.endswith("images_per_second")]
    assert {name: one.history(after.info.run_id, name) for name in names} == {
        name: one.history(before.info.run_id, name) for name in names
    }
    assert film.read_bytes() == (one.artifacts(before.info.run_id) / film.name).read_bytes()
    assert not list((another.root / "mlruns" / "checkpoints").glob("*.npz"))


@pytest.mark.fault("server", "the tracking server does not take the checkpoint of a training, or does not give it")
def test_a_checkpoint_that_the_server_refuses_holds_nothing_up_and_one_that_cannot_be_fetched_has_a_cure(
    tmp_path: Path, empty_database: Path
) -> None:
    """The file stays on this machine, and all else arrives; the command says which file, why, and how to send it."""
    one, another = (Checkout(tmp_path / name, empty_database) for name in ("one", "another"))
    refused = {"PUT": 413}
    settings = (*SMALL, "training.epochs=15", "training.patience=null", "tracking.experiment=refused")
    with one.ui(free_port()) as server, without_artifacts(server.address, "checkpoint", refused) as address:
        training = one.start("pipeline.train", *settings, f"tracking.uri={address}")
        wait_for_epoch(training, 2)
        training.send_signal(signal.SIGTERM)
        out, err = training.communicate(timeout=60)
        assert training.returncode == 143, err
        [run] = one.runs("refused")
        assert run.info.status == "KILLED"
        it = f"The checkpoint of run {run.info.run_id}"
        checkpoint = one.root / "mlruns" / "checkpoints" / f"{run.info.run_id}.npz"
        file = f"checkpoint/{checkpoint.name}"
        assert f"not all of it on the server (it did not take 1 file, such as {file}: 413 Client" in out
        assert "Send the rest when that is cured: " in out
        unsent = one.run("pipeline.sync", f"tracking.uri={address}")
        assert unsent.returncode == 2
        assert (
            f"1 run could not be sent as a whole: {address} did not take 1 file, such as {file}: 413" in unsent.stderr
        )
        assert f"resume={run.info.run_id}" in err

        refused |= {"GET": 403}
        unreached = another.train(f"resume={run.info.run_id}", f"tracking.uri={address}")
        assert unreached.returncode == 2
        assert f"{it} cannot be fetched from {address}: 403 Client" in unreached.stderr
        assert "See to the server and to its storage of artifacts, then type the command again" in unreached.stderr
        assert "Traceback" not in unreached.stderr

        refused.clear()
        refused |= {"DELETE": 500}
        (tmp_path / checkpoint.name).write_bytes(b"PK")
        MlflowClient(server.address).log_artifact(run.info.run_id, str(tmp_path / checkpoint.name), "checkpoint")
        done = one.train(f"resume={run.info.run_id}", f"tracking.uri={address}", "tracking.checkpoint_minutes=0.001")
        assert done.returncode == 0, done.stderr
        assert (
            f"The checkpoint that run {run.info.run_id} has sent to {address} is damaged, and left out" in done.stdout
        )
        assert "epoch  1/15" not in done.stdout
        [run] = one.runs("refused")
        assert run.info.status == "FINISHED"
        assert f"Run {run.info.run_id} is recorded on this machine, and not all of it on the server" in done.stdout
        sent = MlflowClient(server.address).list_artifacts(run.info.run_id, "checkpoint")
        assert [each.path for each in sent] == [f"checkpoint/{run.info.run_id}.npz"], "it was sent meanwhile"
        refused.clear()
        sent = one.run("pipeline.sync", f"tracking.uri={address}")
        assert sent.returncode == 0, sent.stderr
        assert not MlflowClient(server.address).list_artifacts(run.info.run_id, "checkpoint")
        assert not checkpoint.exists()


def test_a_run_that_was_begun_offline_goes_on_on_another_machine(tmp_path: Path, empty_database: Path) -> None:
    one, another = (Checkout(tmp_path / name, empty_database) for name in ("one", "another"))
    port = free_port()
    env = {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}"}
    training = one.start("pipeline.train", *TRAINING[:-1], "tracking.experiment=offline", env=env)
    wait_for_epoch(training, 4)
    training.send_signal(signal.SIGTERM)
    _, err = training.communicate(timeout=60)
    assert training.returncode == 143, err
    with one.ui(port):
        assert one.run("pipeline.sync", env=env).returncode == 0
        [run] = one.runs("offline")
        done = another.train(f"resume={run.info.run_id}", env=env)
        assert done.returncode == 0, done.stderr
        assert "epoch  1/12" not in done.stdout
    steps = [step for step, _ in one.history(run.info.run_id, "train/epoch/loss")]
    assert steps == list(range(1, 13))
