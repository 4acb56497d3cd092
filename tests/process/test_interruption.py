"""Signals: heard at once, after what must be whole, and never lost."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import keras
import mlflow
import numpy as np
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from pipeline.data.images import ImageData, Split
from pipeline.errors import Interrupted
from pipeline.process.interruption import heed, listen, undisturbed
from pipeline.runtime import RuntimeSettings
from pipeline.tracking.lifecycle import start_run
from pipeline.tracking.store import Store
from pipeline.training.fit import fit
from pipeline.training.schedule import Constant
from pipeline.training.settings import TrainingSettings


@pytest.fixture(autouse=True)
def listening() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    listen()
    yield
    listen()  # forgets the wish
    for number, handler in before.items():
        signal.signal(number, handler)


def ask_to_stop(number: int = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize(("number", "name"), [(signal.SIGINT, "SIGINT"), (signal.SIGTERM, "SIGTERM")])
def test_a_signal_is_heard_at_once(number: int, name: str) -> None:
    heed()
    with pytest.raises(Interrupted, match=f"Stopped by {name}"):
        ask_to_stop(number)


def test_a_block_that_must_be_whole_ends_first_and_so_does_one_around_it() -> None:
    done = []

    @undisturbed()
    def inner() -> None:
        ask_to_stop()
        done.append("inner")

    @undisturbed()
    def outer() -> None:
        inner()
        done.append("outer")

    with pytest.raises(Interrupted):
        outer()
    assert done == ["inner", "outer"]


def test_the_block_itself_may_fail_and_its_error_is_what_is_told() -> None:
    @undisturbed()
    def fail() -> None:
        ask_to_stop()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with undisturbed():  # such as the one in which the run is then closed
        pass
    with pytest.raises(Interrupted):
        heed()


def test_after_the_first_signal_a_second_one_is_the_systems() -> None:
    with pytest.raises(Interrupted):
        ask_to_stop()
    assert signal.getsignal(signal.SIGINT) == signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


class Dying:
    def __del__(self) -> None:
        ask_to_stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_python_drops_in_a_destructor_is_heard_later() -> None:
    dying = Dying()
    del dying
    with pytest.raises(Interrupted):
        heed()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_training_ends_also_if_the_signal_came_in_a_destructor(blobs, small_vae, tmp_path: Path) -> None:
    heard, dying = [], [Dying()]

    def listener(epoch: int, _: dict[str, float]) -> None:
        heard.append(epoch)
        dying.clear()

    images = Split(blobs(32), np.zeros(32, "int64"))
    with pytest.raises(Interrupted):
        fit(
            small_vae(),
            ImageData("blobs", images, images, images, class_names=("blob",)),
            TrainingSettings(
                epochs=5,
                batch_size=16,
                patience=None,
                seed=0,
                learning_rate=0.01,
                optimizer=keras.optimizers.Adam(),
                schedule=Constant(),
                steps_per_execution=1,
                jit_compile=False,
                runtime=RuntimeSettings(precision="float32", threads=None),
            ),
            checkpoint=tmp_path / "checkpoint.npz",
            listeners=[listener],
        )
    assert heard == [1]


def test_a_signal_in_a_transaction_closes_the_run_and_locks_nobody_out(tmp_path: Path) -> None:
    before, sent = mlflow.get_tracking_uri(), []
    store = Store(f"sqlite:///{tmp_path / 'mlflow.db'}")

    def interrupt(*given: object) -> None:
        if str(given[2]).startswith("INSERT INTO metrics") and not sent:
            sent.append(time.monotonic())
            ask_to_stop()

    event.listen(Engine, "after_cursor_execute", interrupt)
    try:
        with pytest.raises(Interrupted), start_run(store, "tests", "cut", {}) as run:
            run.metrics(1, {"validation/epoch/loss": 1.5})
    finally:
        event.remove(Engine, "after_cursor_execute", interrupt)
        mlflow.set_tracking_uri(before)
    assert len(sent) == 1
    assert store.run(run.id).info.status == "KILLED"
    assert [point.value for point in store.client.get_metric_history(run.id, "validation/epoch/loss")] == [1.5]
