"""Signals: heard at once, after what must be whole, and never lost."""

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import mlflow
import numpy as np
import pytest
from sqlalchemy import NullPool, Pool, QueuePool, create_engine, event
from sqlalchemy.engine import Engine

from pipeline.data.images import ImageData, Split
from pipeline.errors import Interrupted
from pipeline.process.interruption import (
    SIGNALS,
    interruption_first,
    listen,
    listen_as_child,
    raise_if_interrupted,
    received,
    signals_blocked,
    signals_deferred,
)
from pipeline.runtime import RuntimeSettings
from pipeline.tracking.lifecycle import start_run
from pipeline.tracking.store import Store
from pipeline.training.fit import fit
from pipeline.training.schedule import Constant
from pipeline.training.settings import TrainingSettings

pytestmark = pytest.mark.usefixtures("listening")


def ask_to_stop(number: int = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda each: each.name)
def test_a_signal_is_heard_at_once(number: signal.Signals) -> None:
    raise_if_interrupted()
    with pytest.raises(Interrupted, match=f"Stopped by {number.name}") as interrupt:
        ask_to_stop(number)
    assert interrupt.value.number == number
    copied = pickle.loads(pickle.dumps(interrupt.value.followed_by(". Go on")))
    assert (str(copied), copied.number) == (f"Stopped by {number.name}. Go on", number), "as another process gets it"


def test_an_error_that_a_library_makes_of_a_signal_is_the_signal(caplog: pytest.LogCaptureFixture) -> None:
    class Library:
        @property
        def attribute(self) -> None:
            try:
                ask_to_stop()
            except BaseException:
                raise AttributeError("as C++ code says") from None

    with pytest.raises(ZeroDivisionError), interruption_first():
        _ = 1 / 0
    caplog.set_level("DEBUG", "pipeline")
    with pytest.raises(Interrupted, match="Stopped by SIGTERM") as interrupt, interruption_first():
        _ = Library().attribute
    assert isinstance(interrupt.value.__context__, AttributeError), "which may be a defect all the same"
    assert "AttributeError: as C++ code says" in caplog.text


def test_a_block_that_must_be_whole_ends_first_and_so_does_one_around_it() -> None:
    done = []

    @signals_deferred()
    def inner() -> None:
        ask_to_stop()
        done.append("inner")

    @signals_deferred()
    def outer() -> None:
        inner()
        done.append("outer")

    with pytest.raises(Interrupted):
        outer()
    assert done == ["inner", "outer"]


def test_the_block_itself_may_fail_and_its_error_is_what_is_told() -> None:
    @signals_deferred()
    def fail() -> None:
        ask_to_stop()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with signals_deferred():  # such as the one in which the run is then closed
        pass
    with pytest.raises(Interrupted):
        raise_if_interrupted()


def test_repeats_are_the_same_wish_but_ctrl_c_after_a_signal_is_the_systems() -> None:
    with pytest.raises(Interrupted):
        ask_to_stop()
    for number in (signal.SIGTERM, signal.SIGUSR2, signal.SIGHUP):
        ask_to_stop(number)
    assert received() == (signal.SIGTERM, signal.SIGTERM, signal.SIGUSR2, signal.SIGHUP)
    assert signal.getsignal(signal.SIGINT) == signal.SIG_DFL
    with signals_deferred():  # such as the one in which a run is closed
        ask_to_stop()


def test_in_a_child_every_repeat_is_the_same_wish() -> None:
    listen_as_child()
    with pytest.raises(Interrupted, match="Preempted by SIGINT"):
        ask_to_stop(signal.SIGINT)
    for number in SIGNALS:
        ask_to_stop(number)


def test_who_started_a_command_with_nohup_keeps_it_when_the_terminal_goes() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    listen()
    ask_to_stop(signal.SIGHUP)
    assert received() == ()


CHILD = """
import os, signal, sys, time
from pathlib import Path
sys.stdin.readline()
from pipeline.errors import Interrupted
from pipeline.process.interruption import listen_as_child, signals_deferred
try:
    listen_as_child()
except Interrupted as interrupt:
    with signals_deferred():
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGTERM)
        Path(sys.argv[1]).write_text(str(interrupt))
"""


def test_a_child_hears_at_last_what_it_was_sent_since_its_start_and_ends_its_writes(tmp_path: Path) -> None:
    with signals_blocked():
        command = [sys.executable, "-c", CHILD, str(tmp_path / "written")]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, text=True)
    for number in (signal.SIGUSR2, signal.SIGUSR2):
        child.send_signal(number)
    child.communicate("now\n", timeout=60)
    assert child.returncode == 0
    assert (tmp_path / "written").read_text() == "Preempted by SIGUSR2"


def test_a_signal_that_comes_while_signals_are_held_is_not_lost() -> None:
    with pytest.raises(Interrupted, match="Stopped by SIGHUP"), signals_blocked():
        ask_to_stop(signal.SIGHUP)


class Dying:
    def __del__(self) -> None:
        ask_to_stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_python_drops_in_a_destructor_is_heard_later() -> None:
    dying = Dying()
    del dying
    with pytest.raises(Interrupted):
        raise_if_interrupted()


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


@pytest.mark.usefixtures("listening")
@pytest.mark.parametrize("pool", [QueuePool, NullPool])
def test_an_interruption_while_a_database_is_closed_is_not_logged_as_a_defect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, pool: type[Pool]
) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'x.db'}", poolclass=pool)

    def opened_and_closed() -> None:
        with engine.connect():
            pass
        engine.dispose()  # where connections are kept, they are closed now

    def signalled(_: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    def defective(_: object) -> None:
        raise ValueError("a defect")

    monkeypatch.setattr(engine.dialect, "do_close", signalled)
    with pytest.raises(Interrupted):
        opened_and_closed()
    assert not caplog.records
    monkeypatch.setattr(engine.dialect, "do_close", defective)
    opened_and_closed()
    assert [each.levelname for each in caplog.records] == ["ERROR"]
