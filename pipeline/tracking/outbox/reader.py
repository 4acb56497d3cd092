"""The reader of a server's runs: the server itself, once it has what was written here, or else the replica."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import mlflow

from pipeline.errors import StoreUnreachable
from pipeline.tracking.server_check import silence_told
from pipeline.tracking.store_address import impatience

if TYPE_CHECKING:
    from pipeline.tracking.outbox.write_behind import WriteBehind

OF_A_RUN = ("get_run", "get_metric_history", "list_artifacts", "download_artifacts")
"""Methods of MLflow's client that read a run, whose id they take first."""
READING = (
    *OF_A_RUN,
    "search_runs",
    "search_experiments",
    "get_experiment",
    "get_experiment_by_name",
    "create_experiment",  # which a run is begun in, with or without the server
    "get_logged_model",
    "get_model_version_by_alias",
    "search_model_versions",
)
"""Methods that the replica answers, too."""


class Reader:
    """MLflow's client as far as it reads: the server answers once it has what was written, or else the replica.

    Args:
        behind: what is written, and to whom.
    """

    def __init__(self, behind: "WriteBehind") -> None:
        self.behind = behind

    def __getattr__(self, name: str) -> Any:
        of_server = getattr(self.behind.server, name)
        return self._answered(name, of_server) if name in READING else of_server

    def _answered(self, name: str, of_server: Callable[..., Any]) -> Callable[..., Any]:
        behind = self.behind

        @wraps(of_server)
        def answer(*args: Any, **kwargs: Any) -> Any:
            if behind.sender.flush() and not behind.is_silent:
                mlflow.set_tracking_uri(behind.uri.full)  # for MLflow's functions that read files
                named = [behind.id_of(args[0]), *args[1:]] if name in OF_A_RUN and args else args
                try:
                    with impatience(), silence_told(behind.uri):
                        return of_server(*named, **kwargs)
                except StoreUnreachable as error:
                    behind.sender.tell(str(error))
            mlflow.set_tracking_uri(behind.replica.uri.full)
            return getattr(behind.replica.client(), name)(*args, **kwargs)

        return answer
