"""The first contact with a tracking store."""

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import Timeout
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from sqlalchemy.exc import SQLAlchemyError

from pipeline.address import Address
from pipeline.errors import InputError, StoreUnreachable
from pipeline.text.wording import first_line
from pipeline.tracking.database import alone
from pipeline.tracking.owner import end_as_killed, is_alive
from pipeline.tracking.server_check import check_server
from pipeline.tracking.store_address import impatience, is_server, try_again


@contextmanager
def ready(uri: Address) -> Iterator[None]:
    """Turn whatever fails at the first contact into one `InputError`; let only one process create a database file."""
    try:
        if is_server(uri):
            with impatience():
                check_server(uri)
                yield
            try_again()
        else:
            with alone(uri):
                yield
    except Timeout as error:
        raise StoreUnreachable(
            f"tracking.uri={uri}: another process holds {error.lock_file} and does not end"
        ) from error
    except OSError as error:
        raise StoreUnreachable(f"tracking.uri={uri}: {_refusal(error)}") from error
    except (MlflowException, SQLAlchemyError, sqlite3.Error) as error:
        raise StoreUnreachable(f"tracking.uri={uri}: MLflow cannot keep runs there ({first_line(error)})") from error
    except InputError as error:
        raise StoreUnreachable(f"tracking.uri={uri}: {error}") from error


def _refusal(error: OSError) -> str:
    what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    return f"{what}. Make room there, make it writable, or name a file elsewhere: sqlite:////absolute/path/mlflow.db"


def close_abandoned(client: MlflowClient, uri: Address) -> None:
    """End the runs of this machine whose process is gone: only a power cut leaves them, see `guard`."""
    mine = f"attributes.status = 'RUNNING' AND tags.host = '{socket.gethostname()}'"
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    for run in client.search_runs(experiments, mine):
        if not is_alive(run.data.tags):
            end_as_killed(client, uri, run.info.run_id)
