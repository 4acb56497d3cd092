"""Locks keep the processes of a machine, or of all machines, from deciding the same thing about a study twice."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from filelock import FileLock
from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import make_url

from pipeline import places
from pipeline.address import Address
from pipeline.sweep.study.retrying_storage import LONGEST_OUTAGE, retried
from pipeline.tracking.database import engine_of

_GET_LOCK = "SELECT GET_LOCK('{key}', 3600)"
_TAKE = {"postgresql": "SELECT pg_advisory_lock({key})", "mysql": _GET_LOCK, "mariadb": _GET_LOCK}
"""How a connection takes a lock of its server, which ends with the connection, by the kind of database."""


def lock_of(study: str) -> FileLock:
    """Give the lock that a process of this machine holds while it decides about a study's trials."""
    places.STUDIES.mkdir(parents=True, exist_ok=True)
    return FileLock(places.STUDIES / f"{study}.lock")


@contextmanager
def common_lock(study: str, address: Address | None, patience: float = LONGEST_OUTAGE) -> Iterator[None]:
    """Hold a lock of a study that its database gives to one process of all machines, in a block.

    Args:
        study: the name of the study.
        address: the address of its storage; None for a journal, which the processes of one machine share.
        patience: seconds for which the database may be away.

    Raises:
        InputError: the database is away for too long.
        SQLAlchemyError: the database refuses the lock.
    """
    with lock_of(study):
        url = make_url(address.full) if address else None
        if address is None or url is None or url.get_backend_name() not in _TAKE:
            yield
            return
        key = int.from_bytes(hashlib.sha256(f"{url.database} {study}".encode()).digest()[:7])
        with retried(address, partial(_taken, engine_of(url), _TAKE[url.get_backend_name()].format(key=key)), patience):
            yield


def _taken(engine: Engine, statement: str) -> Connection:
    connection = engine.connect()
    connection.execute(text(statement))
    return connection
