"""Addresses of tracking stores, and how long one is waited for."""

import logging
import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

import mlflow  # noqa: F401 — whose loggers are set up here

from pipeline.address import Address
from pipeline.config.names import argument
from pipeline.errors import InputError
from pipeline.places import DATABASE_FILE, python
from pipeline.secrets import MaskedFormatter

os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # for files of a few kilobytes
os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"  # it has the secrets of the address in it
# That it makes tables in a new database is no news to the user.
logging.getLogger("mlflow").setLevel(logging.WARNING)
# It logs every try to reach a server; what comes of them is told at the end.
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
# It logs the traceback of an error that it raises, too.
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
for _handler in logging.getLogger("mlflow").handlers:
    _handler.setFormatter(MaskedFormatter("%(levelname)s %(name)s: %(message)s"))

RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
SQLITE = "sqlite:///"
DATABASE = f"{SQLITE}{DATABASE_FILE}"


@contextmanager
def impatience(timeout: int = 5, retries: int = 1) -> Iterator[None]:
    """A block in which requests to a server give up within seconds.

    MLflow would try a dead server for minutes; at the start of a run the user is still there to be told.

    Args:
        timeout: seconds in which the server must answer a request.
        retries: how often a request is repeated that the server did not answer.
    """
    hasty = {RETRIES: str(retries), "MLFLOW_HTTP_REQUEST_TIMEOUT": str(timeout)}
    before = {name: os.environ.get(name) for name in hasty}
    os.environ.update(hasty)
    try:
        yield
    finally:
        for name, value in before.items():
            _set(name, value)


def try_once() -> None:
    """Have requests of this process that a server does not answer fail at once, as whoever makes them tries again."""
    os.environ[RETRIES] = "0"


def _set(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def is_server(uri: str) -> bool:
    """Whether a tracking store is reached over the network, rather than being a database that we open ourselves.

    Raises:
        InputError: the text is no address.
    """
    try:
        return urlsplit(uri).scheme in ("http", "https")
    except ValueError as error:
        raise InputError(
            f"tracking.uri={uri}: that is no address ({error}). Expected http://host:port, where a host with colons "
            "stands in brackets: http://[::1]:5000"
        ) from error


def sync_command(uri: Address) -> str:
    """The command that sends what is recorded on this machine to the server at this address."""
    return f"{python()} -m pipeline.sync {argument('tracking.uri', uri)}"


def resume_command(uri: Address, run_id: str, trusted: Sequence[str] = ()) -> str:
    """The command that goes on with a run of the tracking store at this address, with the packages that it needs."""
    packages = f" {shlex.quote('trusted=[' + ','.join(trusted) + ']')}" if trusted else ""
    return f"{python()} -m pipeline.train resume={run_id}{store_override(uri)}{packages}"


def store_override(uri: Address) -> str:
    """The override that names a tracking store in a command, after a space; empty for the database in `mlruns/`."""
    return "" if uri == DATABASE else f" {argument('tracking.uri', uri)}"
