"""Addresses of tracking stores: which there are, and what is wrong with one that cannot be reached."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from pipeline import ROOT

os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # for files of a few kilobytes
# That it makes tables in a new database is no news to the user.
logging.getLogger("mlflow").setLevel(logging.WARNING)
# It logs the traceback of an error that it raises, too.
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)

MLRUNS = ROOT / "mlruns"
RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
SQLITE = "sqlite:///"
DATABASE = f"{SQLITE}{MLRUNS / 'mlflow.db'}"


@contextmanager
def impatience() -> Iterator[None]:
    """MLflow would try a dead server for minutes; at the start of a run the user is still there to be told."""
    hasty = {RETRIES: "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "5"}
    before = {name: os.environ.get(name) for name in hasty}
    os.environ.update(hasty)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def is_server(uri: str) -> bool:
    """Whether it is reached over the network, rather than being a database that we open ourselves."""
    return urlsplit(uri).scheme in ("http", "https")


def artifacts_beside(uri: str) -> str | None:
    """Beside a database file, wherever the command was typed; a server decides for itself."""
    if not uri.startswith(SQLITE):
        return None
    return (Path(uri.removeprefix(SQLITE)).resolve().parent / "artifacts").as_uri()


def trouble(uri: str, error: Exception) -> str:
    """What is wrong with the store at this address, and the cure."""
    if uri == DATABASE:
        return f"the database cannot be opened ({first_line(error)}). Make {MLRUNS} and what is in it writable"
    if is_server(uri):
        return (
            f"no answer from MLflow there ({first_line(error)}). Start the server, correct tracking.uri or "
            "MLFLOW_TRACKING_URI, or leave both out to use the file in mlruns/"
        )
    return (
        "MLflow cannot keep runs there. Wanted the address of a server (http://…) or of a database "
        "(sqlite:////absolute/path/mlflow.db, postgresql://…); or leave it out to use the file in mlruns/"
    )


def first_line(error: BaseException) -> str:
    """What an error says first."""
    return str(error).partition("\n")[0]
