"""Locks keep the processes of a machine, or of all machines, from deciding the same thing about a study twice.

The processes of one machine share a lock file. Where a study is kept by a database server, each machine has a file of
its own, also in a folder that they share, and what all of them must decide once is decided under a lock of the server.
A trial needs no lock: the storage gives it to one process alone.
"""

import hashlib
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import make_url

from pipeline import places
from pipeline.address import Address
from pipeline.process.interruption import raise_if_interrupted
from pipeline.sweep.study.retrying_storage import LONGEST_OUTAGE, retried
from pipeline.tracking.database import engine_of

_GET_LOCK = "SELECT GET_LOCK('{key}', 0)"
_TAKE = {"postgresql": "SELECT pg_try_advisory_lock({key})", "mysql": _GET_LOCK, "mariadb": _GET_LOCK}
"""How a connection asks for a lock of its server, which ends with the connection, by the kind of database."""
PERIOD = 0.1
"""Seconds between two attempts at a lock, after which a signal is heard: whoever has the lock may wait for minutes."""


@contextmanager
def machine_lock(study: str, address: Address | None) -> Iterator[None]:
    """Hold the lock of the processes of this machine that decide about a study, in a block.

    Args:
        study: the name of the study.
        address: the address of its storage; None for a journal.

    Raises:
        Interrupted: a signal came while another process held the lock.
    """
    places.STUDIES.mkdir(parents=True, exist_ok=True)
    machine = f".{socket.gethostname()}" if _statement(address) else ""
    lock = FileLock(places.STUDIES / f"{study}{machine}.lock")
    while True:
        try:
            lock.acquire(timeout=PERIOD)
            break
        except Timeout:
            raise_if_interrupted()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def server_lock(study: str, address: Address | None, patience: float = LONGEST_OUTAGE) -> Iterator[None]:
    """Hold a lock of a study that its database server gives to one process of all machines, in a block.

    Without a database server nothing is locked: the processes of the machine have `machine_lock`.

    Args:
        study: the name of the study.
        address: the address of its storage; None for a journal.
        patience: seconds for which the database may be away.

    Raises:
        InputError: the database is away for too long.
        SQLAlchemyError: the database refuses the lock.
        Interrupted: a signal came while another process held the lock.
    """
    statement = _statement(address)
    if address is None or statement is None:
        yield
        return
    url = make_url(address.full)
    key = int.from_bytes(hashlib.sha256(f"{url.database} {study}".encode()).digest()[:7])
    with retried(address, partial(_taken, engine_of(url), statement.format(key=key)), patience):
        yield


@contextmanager
def common_lock(study: str, address: Address | None, patience: float = LONGEST_OUTAGE) -> Iterator[None]:
    """Hold a lock of a study that one process of all machines has, in a block.

    The arguments and the errors are those of `server_lock`.
    """
    with machine_lock(study, address), server_lock(study, address, patience):
        yield


def _statement(address: Address | None) -> str | None:
    return _TAKE.get(make_url(address.full).get_backend_name()) if address else None


def _taken(engine: Engine, statement: str) -> Connection:
    connection = engine.connect()
    try:
        while not connection.execute(text(statement)).scalar():
            raise_if_interrupted()
            time.sleep(PERIOD)
    except BaseException:
        connection.close()
        raise
    return connection
