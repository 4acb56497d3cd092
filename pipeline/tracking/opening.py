"""The first contact with a tracking store."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from sqlalchemy.exc import SQLAlchemyError

from pipeline.errors import InputError
from pipeline.tracking.address import MLRUNS, impatience, is_server, trouble
from pipeline.tracking.owner import end_as_killed, is_alive


@contextmanager
def ready(uri: str) -> Iterator[None]:
    """Turn what can go wrong at the first contact into one message; let only one process create a database file."""
    try:
        if is_server(uri):
            with impatience():
                yield
        else:
            MLRUNS.mkdir(exist_ok=True)
            with FileLock(MLRUNS / "mlflow.db.lock", timeout=120):
                yield
    except (MlflowException, OSError, SQLAlchemyError) as error:
        raise InputError(f"tracking.uri={uri}: {trouble(uri, error)}") from error


def close_abandoned(client: MlflowClient) -> None:
    """End the runs of this machine whose process is gone: only a power cut leaves them, see `guard`."""
    mine = f"attributes.status = 'RUNNING' AND tags.host = '{socket.gethostname()}'"
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    for run in client.search_runs(experiments, mine):
        if not is_alive(run.data.tags):
            end_as_killed(client, run.info.run_id)
