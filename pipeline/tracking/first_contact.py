"""The first contact with a tracking store."""

import shlex
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TypeAlias

from filelock import Timeout
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from pipeline.address import Address
from pipeline.errors import InputError, ServerSilent, StoreUnreachable
from pipeline.text.wording import first_line
from pipeline.tracking.database import alone
from pipeline.tracking.outbox.write_behind import WriteBehind
from pipeline.tracking.owner import end_as_killed, is_alive
from pipeline.tracking.server_check import ELSE, check_server
from pipeline.tracking.store_address import impatience, is_server

if TYPE_CHECKING:
    from pipeline.tracking.store import Store

Offline: TypeAlias = Literal["auto", "never", "always"]
"""Whether a run is begun while its server does not answer: yes, no, or without ever asking the server."""
FIRST_ANSWER = 4
"""Seconds in which a server must answer at the start of a command."""


@contextmanager
def ready(uri: Address) -> Iterator[None]:
    """Turn whatever fails at the first contact into one `InputError`; let only one process create a database file."""
    try:
        if is_server(uri):
            with impatience(FIRST_ANSWER, retries=0):
                check_server(uri)
            yield
        else:
            with alone(uri):
                yield
    except Timeout as error:
        raise StoreUnreachable(
            f"tracking.uri={uri}: another process is opening the same database and does not end: it holds "
            f"{error.lock_file}. See which one with `lsof {shlex.quote(error.lock_file)}`, and end it"
        ) from error
    except OSError as error:
        raise StoreUnreachable(f"tracking.uri={uri}: {_refusal(error)}") from error
    except (MlflowException, SQLAlchemyError, sqlite3.Error) as error:
        raise StoreUnreachable(f"tracking.uri={uri}: MLflow cannot keep runs there ({first_line(error)})") from error
    except InputError as error:
        kind = ServerSilent if isinstance(error, ServerSilent) else StoreUnreachable
        raise kind(f"tracking.uri={uri}: {error}") from error


def _refusal(error: OSError) -> str:
    what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    return f"{what}. Make room there, make it writable, or name a file elsewhere: sqlite:////absolute/path/mlflow.db"


def write_behind(uri: Address, offline: Offline) -> WriteBehind:
    """Meet a server, or begin without it.

    Raises:
        StoreUnreachable: it does not answer and is not done without; it is no MLflow, or one that is too old.
    """
    behind = WriteBehind(uri)
    if offline == "always":
        behind.sender.stay_away()
        return behind
    try:
        with ready(uri), impatience():
            behind.server.search_experiments(max_results=1)
            behind.sender.tell(None)
    except ServerSilent as error:
        if offline == "never":
            raise
        behind.sender.tell(str(error).removesuffix(f". {ELSE}"))
    return behind


def close_abandoned(store: "Store") -> None:
    """End the runs of this machine whose process is gone: only a power cut leaves them, see `guard`."""
    mine = f"attributes.status = 'RUNNING' AND tags.host = '{socket.gethostname()}'"
    for run in store.client.search_runs(store.experiments, mine):
        if not is_alive(run.data.tags):
            end_as_killed(store, run.info.run_id)
