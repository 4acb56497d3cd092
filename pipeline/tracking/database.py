"""A database in which runs are to be kept, looked at before MLflow does, which would try for minutes and say less."""

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow
from alembic.migration import MigrationContext
from filelock import FileLock
from mlflow.store.db.db_types import DATABASE_ENGINES
from sqlalchemy import NullPool, create_engine
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from pipeline.address import Address
from pipeline.errors import InputError
from pipeline.places import python
from pipeline.tracking.mlflow_internals import migrations
from pipeline.tracking.store_address import is_server

ANSWER_TIMEOUT = 10
"""Seconds in which a database must answer."""
PATIENCE = 120
"""Seconds in which another process of ours must have made or opened a database file."""
DRIVERS = {"psycopg": "'psycopg[binary]'", "psycopg2": "psycopg2-binary", "MySQLdb": "mysqlclient"}
"""Packages whose name is not that of their module."""
_LIMITED = ("psycopg", "psycopg2", "mysqldb", "pymysql")
"""Drivers that know `connect_timeout`."""
EXPECTED = (
    "Expected the address of a server (http://…) or a database (sqlite:////absolute/path/mlflow.db, postgresql://…), "
    "or leave it out to use the file in mlruns/"
)


@contextmanager
def alone(uri: Address) -> Iterator[None]:
    """A block in which no other process of ours makes or opens the same database file.

    Raises:
        InputError: it cannot be opened, with the reason.
        OSError: nothing can be written where it is.
    """
    if uri.startswith("databricks"):  # that is MLflow's to know
        yield
        return
    url = _url_of(uri)
    path = file_of(url)
    if path is None:
        _check(uri, url)
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    _refuse_unwritable(path)
    with FileLock(f"{path}.lock", timeout=PATIENCE):
        _check(uri, url)
        yield


def file_of(url: URL) -> Path | None:
    """Return the path of a database's file; None for a database that is no file."""
    database = url.database or ":memory:"
    is_file = url.get_backend_name() == "sqlite" and database != ":memory:" and not database.startswith("file:")
    return Path(database).absolute() if is_file else None


def file_at(uri: Address) -> Path | None:
    """Return the path of a tracking store's database file; None for a server or another database."""
    return None if is_server(uri) or uri.startswith("databricks") else file_of(_url_of(uri))


def artifacts_beside(uri: Address) -> str | None:
    """Return the URI of the folder of artifacts beside a database file; None elsewhere: a server decides for itself."""
    path = file_at(uri)
    return (path.resolve().parent / "artifacts").as_uri() if path else None


def _url_of(uri: Address) -> URL:
    try:
        url = make_url(uri.full)
        url.get_dialect()
        known = url.get_backend_name() in DATABASE_ENGINES
    except ArgumentError:  # and what SQLAlchemy does not know
        known = False
    except ValueError as error:
        raise InputError(f"that is no address, for its port is no number. {EXPECTED}") from error
    if not known:
        raise InputError(f"MLflow cannot keep runs there. {_meant(uri)}{EXPECTED}")
    return url


def _meant(uri: Address) -> str:
    if uri.startswith("postgres:"):
        return f"Did you mean postgresql{uri.removeprefix('postgres')}? "
    host, _, port = uri.partition("/")[0].rpartition(":")
    return f"Did you mean http://{uri}? " if host and port.isdecimal() else ""


def _refuse_unwritable(path: Path) -> None:
    if path.is_dir():
        raise InputError(f"that is a folder. Name a file in it: sqlite:///{path / 'mlflow.db'}")
    for each in (path.parent, *([path] if path.exists() else [])):
        if not os.access(each, os.W_OK):
            raise InputError(
                f"{each} cannot be written to. Make it writable, or name a file elsewhere: sqlite:////absolute/path/mlflow.db"
            )


def engine_of(url: URL) -> Engine:
    """Make an engine that opens a connection for each use of it, and gives up after `ANSWER_TIMEOUT`.

    Raises:
        ModuleNotFoundError: the driver is not installed.
    """
    return create_engine(url, poolclass=NullPool, connect_args=time_limit(url))


def time_limit(url: URL) -> dict[str, int]:
    """Give the arguments by which a database's driver gives up after `ANSWER_TIMEOUT`; none where it knows no limit.

    Raises:
        ModuleNotFoundError: the driver is not installed.
    """
    limit = {"connect_timeout": ANSWER_TIMEOUT} if url.get_dialect().driver in _LIMITED else {}
    return limit | ({"timeout": ANSWER_TIMEOUT} if url.get_backend_name() == "sqlite" else {})


def _check(uri: Address, url: URL) -> None:
    try:
        with engine_of(url).connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
    except ModuleNotFoundError as error:
        raise InputError(driver_missing(error)) from error
    except (SQLAlchemyError, UnicodeError) as error:
        raise InputError(_reason(str(getattr(error, "orig", None) or error).strip(), url)) from error
    if found:
        _refuse_other_schema(uri, found)


def driver_missing(error: ModuleNotFoundError) -> str:
    """Say how to install the driver without which SQLAlchemy cannot speak to a database."""
    package = DRIVERS.get(str(error.name), error.name)
    return f"Python cannot speak to this kind of database yet. Install its driver: {python()} -m pip install {package}"


def _reason(said: str, url: URL) -> str:
    said = " ".join(said.split())
    if "locked" in said:
        return (
            f"the database is locked ({said}): another program has been writing to it for more than {ANSWER_TIMEOUT} "
            f"s. Wait for it, or end it: lsof {shlex.quote(str(url.database))} names it"
        )
    if "not a database" in said or "malformed" in said:
        return f"that file is damaged, or no database ({said}). Put a copy of it back, or name another file"
    if url.get_backend_name() == "sqlite":
        return f"the database cannot be opened ({said}). {EXPECTED}"
    return f"no answer from the database ({said}). Start it, or correct host, port, user, password or its name"


def _refuse_other_schema(uri: Address, found: str) -> None:
    """Refuse a database of another MLflow, which MLflow would migrate without a word and lock out whoever shares it."""
    scripts = migrations()
    expected = scripts.get_current_head()
    if found == expected:
        return
    ours = f"MLflow {mlflow.__version__}"
    if found in {script.revision for script in scripts.walk_revisions()}:
        raise InputError(
            f"an older MLflow made this database: its schema is {found}, and {ours} needs {expected}. Take a copy of "
            f"it, then bring it up to date: {python()} -m mlflow db upgrade {shlex.quote(uri)}"
        )
    raise InputError(
        f"its schema is {found}, which {ours} does not know (its own is {expected}): a newer MLflow made this "
        f"database, or another program. Install that MLflow: {python()} -m pip install --upgrade mlflow; or "
        "name another database"
    )
