"""The server that shows our runs in the MLflow UI."""

import os
import socket
from collections.abc import Mapping, Sequence

from pipeline.errors import InputError
from pipeline.places import ARTIFACTS, HOST
from pipeline.tracking.links import EXPERIMENTS, runs_link
from pipeline.tracking.store import Store
from pipeline.tracking.store_address import DATABASE


def latest_link(store: Store, address: str, pages: Mapping[str, str]) -> str:
    """The page of the experiment that was used last; the list of experiments where there is none.

    Args:
        store: that has them.
        address: of the server.
        pages: prepared ones, by experiment id.
    """
    latest = store.client.search_runs(store.experiments, order_by=["attributes.start_time DESC"], max_results=1)
    if not latest:
        return f"{address}/{EXPERIMENTS}"
    experiment_id = str(latest[0].info.experiment_id)
    return f"{address}/{pages.get(experiment_id) or runs_link(experiment_id)}"


def refuse_busy(port: int, cure: str) -> None:
    """Raise an `InputError` with the cure if another program listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise InputError(f"port {port} on {HOST} cannot be used ({error.strerror}). {cure}") from error


def server_command(port: int) -> Sequence[str]:
    """Arguments for MLflow's command line to serve our database with one worker."""
    return (
        *("server", "--backend-store-uri", DATABASE, "--artifacts-destination", ARTIFACTS.as_uri()),
        *("--host", HOST, "--port", str(port), "--workers", "1"),
        # Below this level uvicorn tells of each request, and answers Ctrl-C with a traceback.
        *("--uvicorn-opts", "--log-level critical"),
    )


def lighten() -> None:
    """Keep the server from starting a dozen processes for jobs that nobody here gives it, and from chatting."""
    quiet = {"MLFLOW_LOGGING_LEVEL": "WARNING", "PYTHONWARNINGS": "ignore"}
    os.environ.update(quiet | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"})
