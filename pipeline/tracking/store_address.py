"""Addresses of tracking stores, and how long one is waited for."""

import logging
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from urllib.parse import urlsplit

import mlflow  # noqa: F401 — whose loggers are set up here

from pipeline.address import Address
from pipeline.places import DATABASE_FILE, python
from pipeline.secrets import MaskedFormatter

os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # for files of a few kilobytes
os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"  # it has the secrets of the address in it
# That it makes tables in a new database is no news to the user.
logging.getLogger("mlflow").setLevel(logging.WARNING)
# It logs the traceback of an error that it raises, too.
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
for _handler in logging.getLogger("mlflow").handlers:
    _handler.setFormatter(MaskedFormatter("%(levelname)s %(name)s: %(message)s"))
_tries = logging.getLogger("urllib3.connectionpool")

RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
SQLITE = "sqlite:///"
DATABASE = f"{SQLITE}{DATABASE_FILE}"


_retries_of_user = os.environ.get(RETRIES)


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
    level = _tries.level
    os.environ.update(hasty)
    _tries.setLevel(logging.ERROR)  # what comes of them is told at the end
    try:
        yield
    finally:
        _tries.setLevel(level)
        for name, value in before.items():
            _set(name, value)


def try_no_more() -> None:
    """Have requests of this process fail at once from now on, as the server is dead.

    What is closed after this, such as a parent run, need not try for minutes.
    """
    os.environ[RETRIES] = "0"


def try_again() -> None:
    """Have requests of this process be repeated as the user wants it, since the server answers."""
    _set(RETRIES, _retries_of_user)


def _set(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def is_server(uri: str) -> bool:
    """Whether a tracking store is reached over the network, rather than being a database that we open ourselves."""
    return urlsplit(uri).scheme in ("http", "https")


def resume_command(uri: Address, run_id: str) -> str:
    """The command that goes on with a run of the tracking store at this address."""
    where = "" if uri == DATABASE else f" {shlex.quote(f'tracking.uri={uri}')}"
    return f"{python()} -m pipeline.train resume={run_id}{where}"


class _InOurWords(logging.Filter):
    """Replaces a line of urllib3's for every try by one in a minute: the server does not answer."""

    _said = -60.0

    def filter(self, record: logging.LogRecord) -> bool:
        if not str(record.msg).startswith("Retrying"):
            return True
        record.msg = "The server does not answer. Trying again, for some minutes"
        record.args = ()
        is_news = monotonic() > self._said + 60
        self._said = monotonic() if is_news else self._said
        return is_news


_tries.addFilter(_InOurWords())
