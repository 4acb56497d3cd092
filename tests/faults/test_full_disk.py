"""A disk that is full while something is written costs a message that names the place; what was done is kept."""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from checkout import Checkout, free_port, wait_for_epoch
from processes import wait_until
from studies import study_of

ENDLESS = ("dataset.limit=300", "model.hidden=[64]", "training.epochs=100000", "training.patience=null")


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """A block in which a disk has no room left."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        for size in (1 << 14, 1):  # to the last byte
            with suppress(OSError):
                while True:
                    file.write(bytes(size))
    yield
    ballast.unlink()


def goes_on(checkout: Checkout, said: str, *overrides: str) -> None:
    """Type the command that a message has, and see the training go on."""
    [cure] = re.findall(r"Go on with: python -m pipeline.train (resume=\w+)", said)
    process = checkout.start("pipeline.train", cure, *overrides)
    wait_for_epoch(process, 5)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143


def with_its_own_disk(folder: str, tmp_path: Path, disk: Path) -> Checkout:
    """A checkout with one of the folders in `mlruns/` on a disk of its own."""
    checkout = Checkout(tmp_path / "checkout")
    (checkout.root / "mlruns").mkdir()
    (checkout.root / "mlruns" / folder).symlink_to(disk)
    return checkout


def refusal(checkout: Checkout, disk: Path, *overrides: str) -> str:
    """What a training says whose disk fills up after some epochs."""
    process = checkout.start("pipeline.train", *ENDLESS, *overrides)
    wait_for_epoch(process, 2)
    with full(disk):
        _, err = process.communicate(timeout=120)
    assert process.returncode == 2, err
    assert re.search(r"Nothing more can be written \(.*No space left on device\)\. \d+ epochs? done", err)
    assert "Traceback" not in err
    return str(err)


@pytest.mark.fault("disk", "the disk of the checkpoints fills up during a training")
def test_disk_of_checkpoints(tmp_path: Path, small_disk: Path) -> None:
    """The run ends as failed with the reason, and goes on once there is room."""
    checkout = with_its_own_disk("checkpoints", tmp_path, small_disk)
    said = refusal(checkout, small_disk, "model.hidden=[512]", "pictures=few")
    [run] = checkout.runs("digits")
    assert run.info.status == "FAILED"
    goes_on(checkout, said)


@pytest.mark.fault("disk", "the disk of the pictures and models fills up")
def test_disk_of_artifacts(tmp_path: Path, small_disk: Path) -> None:
    """The run ends as failed with the reason, and goes on once there is room."""
    checkout = with_its_own_disk("artifacts", tmp_path, small_disk)
    each_epoch = f"pictures.epochs={list(range(1, 5000))}".replace(" ", "")
    said = refusal(checkout, small_disk, "pictures=cards", each_epoch)
    [run] = checkout.runs("digits")
    assert run.info.status == "FAILED"
    goes_on(checkout, said)


@pytest.mark.fault("disk", "the disk of the outbox fills up while a run is recorded behind a server")
def test_disk_of_outboxes(tmp_path: Path, small_disk: Path) -> None:
    """The run ends with the reason, goes on once there is room, and each of its epochs reaches the server once."""
    checkout = with_its_own_disk("outbox", tmp_path, small_disk)
    with checkout.ui(free_port()) as server:
        uri = f"tracking.uri={server.address}"
        goes_on(checkout, refusal(checkout, small_disk, "pictures=few", uri), uri)
        assert checkout.run("pipeline.sync", uri).returncode == 0
        [run] = checkout.runs("digits")
        steps = [step for step, _ in checkout.history(run.info.run_id, "train/epoch/loss")]
        assert steps == list(range(1, len(steps) + 1))
        assert len(steps) >= 4


@pytest.mark.fault("disk", "the disk of the database fills up")
def test_disk_of_the_database(tmp_path: Path, small_disk: Path) -> None:
    """The command ends with a message without a traceback."""
    checkout = Checkout(tmp_path / "checkout")
    (checkout.root / "mlruns").symlink_to(small_disk)
    done = checkout.train(
        "dataset.limit=300", "model.hidden=[2048,1024]", "training.epochs=1", "tracking.experiment=full"
    )
    assert done.returncode == 2
    assert "Nothing more can be written" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.fault("disk", "the disk of a study's journal fills up")
def test_disk_of_a_journal(tmp_path: Path, small_disk: Path) -> None:
    """The command ends with the reason; typed again once there is room, it trains what is left, each trial once."""
    checkout = with_its_own_disk("studies", tmp_path, small_disk)
    study = ("-m", "sweep=study", "sweep.study=full", "sweep.n_trials=6", "sweep.slots=1", "sweep/sampler=grid")
    study = (*study, "sweep/pruner=none")  # else a trial that goes on after better ones is pruned
    small = ("dataset.limit=300", "model.hidden=[16]", "training.epochs=30", "training.patience=null", "pictures=few")
    command = (*study, *small, "model.latent_dim=1,2,3,4,5,6", "tracking.experiment=full", "pictures.final=[]")
    process = checkout.start("pipeline.train", *command)
    journal = small_disk / "full.journal"
    wait_until(
        lambda: journal.exists() and b'"op_code":6' in journal.read_bytes().replace(b" ", b""), "no trial", process
    )
    with full(small_disk):
        _, err = process.communicate(timeout=120)
    assert process.returncode == 2, err
    assert "No space left on device" in err
    assert "Traceback" not in err
    done = checkout.run("pipeline.train", *command)
    assert done.returncode == 0, done.stderr
    states = [trial.state.name for trial in study_of(checkout, "full").trials]
    assert states == ["COMPLETE"] * 6
