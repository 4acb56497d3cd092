"""The server that shows our runs in the MLflow UI."""

import os
import socket
from collections.abc import Callable, Mapping, Sequence

from pipeline.errors import InputError
from pipeline.places import ARTIFACTS, HOST, PORTS
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


def refuse_busy(port: int, cure: Callable[[int], str]) -> None:
    """Refuse a port at which no server can listen, as another program does.

    Args:
        port: the port.
        cure: says what to do, given the next port that is free.

    Raises:
        InputError: with the cure.
    """
    if reason := _refusal(port):
        others = (*range(port + 1, PORTS.stop), *range(port - 1, 0, -1))
        free = next(each for each in others if not _refusal(each))
        raise InputError(f"port {port} on {HOST} cannot be used ({reason}). {cure(free)}")


def _refusal(port: int) -> str | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error.strerror
    return None


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
