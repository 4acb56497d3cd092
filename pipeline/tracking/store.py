"""Where runs are kept: a database file in `mlruns/`, or the server that the user names."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import mlflow
from filelock import FileLock
from mlflow.entities import Run as MlflowRun
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from pydantic import BeforeValidator, Field
from sqlalchemy.exc import SQLAlchemyError

from pipeline import ROOT
from pipeline.errors import InputError
from pipeline.settings import Count, Text
from pipeline.tracking.owner import end_as_killed, is_alive

os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # for files of a few kilobytes
# That it makes tables in a new database is no news to the user.
logging.getLogger("mlflow").setLevel(logging.WARNING)

MLRUNS = ROOT / "mlruns"
RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
SQLITE = "sqlite:///"
DATABASE = f"{SQLITE}{MLRUNS / 'mlflow.db'}"


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """Where and how runs are recorded.

    Attributes:
        uri: of an MLflow server or database; null is the file in `mlruns/`.
        experiment: the MLflow experiment that the run joins.
        picture_epochs: epochs after which pictures are recorded, beside those before the first and after the last. The
            same in all runs that should be compared step by step.
    """

    uri: Annotated[Text | None, BeforeValidator(lambda uri: uri or None)]  # an empty variable is no address
    experiment: Annotated[Text, Field(examples=["mnist"])]
    picture_epochs: Annotated[list[Count], Field(examples=[[1, 10]])]

    def connect(self) -> "Store":
        """The store, checked and ready for runs.

        Raises:
            InputError: a server that does not answer, a database that cannot be opened.
        """
        return Store(self.uri or DATABASE)


class Store:
    """An open database or server. Opening it also closes runs that a power cut left running."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        with _ready(uri):
            mlflow.set_tracking_uri(uri)
            self.client = MlflowClient(uri)
            self._close_abandoned()

    @property
    def is_server(self) -> bool:
        """Whether it is reached over the network, rather than being a database that we open ourselves."""
        return _is_server(self.uri)

    def run(self, run_id: str) -> MlflowRun:
        """The record of a run.

        Raises:
            InputError: there is none of this id.
        """
        try:
            return self.client.get_run(run_id)
        except MlflowException as error:
            raise InputError(f"run {run_id} is not in {self.uri}: {error.message}") from error

    def answers(self) -> bool:
        """Whether the store can still be reached; if not, nothing in this process waits for it any longer."""
        with _impatience():
            try:
                self.client.search_experiments(max_results=1)
                return True
            except MlflowException:
                pass
        os.environ[RETRIES] = "0"  # MLflow tries to end runs once more when Python exits
        return False

    def artifact_text(self, run_id: str, name: str) -> str:
        """A text file that a run stored at its artifact root.

        Raises:
            InputError: the run has none of this name.
        """
        try:
            return str(mlflow.artifacts.load_text(f"runs:/{run_id}/{name}"))
        except (MlflowException, OSError) as error:
            raise InputError(
                f"run {run_id} has no {name} ({_first_line(error)}): was it made by pipeline.train?"
            ) from error

    def experiment(self, name: str) -> str:
        """The id of the experiment of this name, made if there is none.

        Raises:
            InputError: it was deleted.
        """
        known = self.client.get_experiment_by_name(name)
        if known is None:
            return str(self.client.create_experiment(name, artifact_location=_artifacts(self.uri)))
        if known.lifecycle_stage == "deleted":
            raise InputError(
                f"tracking.experiment={name}: this experiment was deleted in the MLflow UI. Restore it there, "
                "or choose another name"
            )
        return str(known.experiment_id)

    def _close_abandoned(self) -> None:
        """End the runs of this machine whose process is gone: only a power cut leaves them, see `guard`."""
        mine = f"attributes.status = 'RUNNING' AND tags.host = '{socket.gethostname()}'"
        experiments = [experiment.experiment_id for experiment in self.client.search_experiments()]
        for run in self.client.search_runs(experiments, mine):
            if not is_alive(run.data.tags):
                end_as_killed(self.client, run.info.run_id)


@contextmanager
def _ready(uri: str) -> Iterator[None]:
    """Turn what can go wrong at the first contact into one message; let only one process create a database file."""
    try:
        if _is_server(uri):
            with _impatience():
                yield
        else:
            MLRUNS.mkdir(exist_ok=True)
            with FileLock(MLRUNS / "mlflow.db.lock", timeout=120):
                yield
    except (MlflowException, OSError, SQLAlchemyError) as error:
        raise InputError(f"tracking.uri={uri}: {_trouble(uri, error)}") from error


@contextmanager
def _impatience() -> Iterator[None]:
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


def _is_server(uri: str) -> bool:
    return urlsplit(uri).scheme in ("http", "https")


def _artifacts(uri: str) -> str | None:
    """Beside a database file, wherever the command was typed; a server decides for itself."""
    if not uri.startswith(SQLITE):
        return None
    return (Path(uri.removeprefix(SQLITE)).resolve().parent / "artifacts").as_uri()


def _trouble(uri: str, error: Exception) -> str:
    """What is wrong with the store at this address, and the cure."""
    if uri == DATABASE:
        return f"the database cannot be opened ({_first_line(error)}). Make {MLRUNS} and what is in it writable"
    if _is_server(uri):
        return (
            f"no answer from MLflow there ({_first_line(error)}). Start the server, correct tracking.uri or "
            "MLFLOW_TRACKING_URI, or leave both out to use the file in mlruns/"
        )
    return (
        "MLflow cannot keep runs there. Wanted the address of a server (http://…) or of a database "
        "(sqlite:////absolute/path/mlflow.db, postgresql://…); or leave it out to use the file in mlruns/"
    )


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
