"""Locks of a study: one process has them at a time, and whoever waits for one hears signals."""

import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Timer

import pytest
from database_servers import started
from mysql import MySQL
from postgresql import PostgreSQL

from pipeline import places
from pipeline.address import Address
from pipeline.errors import Interrupted
from pipeline.process.interruption import signals_deferred
from pipeline.sweep.study.locks import common_lock, machine_lock, server_lock

Lock = Callable[[str, Address | None], AbstractContextManager[None]]


pytestmark = pytest.mark.usefixtures("listening")


@pytest.fixture(autouse=True)
def _studies_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "STUDIES", tmp_path / "studies")


def waits_and_hears_a_signal(lock: Lock, address: Address | None) -> None:
    """A second process would wait for the lock, with signals deferred, for as long as the first has it."""
    with lock("mine", address):
        Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
        with pytest.raises(Interrupted, match="Stopped by SIGTERM"), signals_deferred(), lock("mine", address):
            pass
    with lock("mine", address):
        pass  # it is free again


@pytest.mark.parametrize("lock", [machine_lock, common_lock])
def test_who_waits_for_another_process_of_the_machine_hears_a_signal(lock: Lock) -> None:
    waits_and_hears_a_signal(lock, None)


@pytest.mark.parametrize("kind", [PostgreSQL, MySQL], ids=lambda kind: kind.__name__)
def test_who_waits_for_another_machine_hears_a_signal(kind: type[PostgreSQL | MySQL]) -> None:
    with started(kind) as server:
        address = Address(server.created("studies"))
        waits_and_hears_a_signal(server_lock, address)
        with server_lock("mine", address), server_lock("another", address):
            pass  # studies do not wait for each other


def test_machines_that_share_a_folder_wait_for_each_other_only_where_they_share_the_study() -> None:
    with machine_lock("mine", None), machine_lock("mine", Address("postgresql://db/studies")):
        names = {path.name for path in places.STUDIES.iterdir()}
    assert names == {"mine.lock", f"mine.{os.uname().nodename}.lock"}
