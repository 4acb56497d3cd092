"""A patient client of a database file waits for another program that has locked it, rather than cost a training."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from pipeline.address import Address
from pipeline.errors import StoreUnreachable
from pipeline.process.interruption import received

log = logging.getLogger(__name__)

TRIES = 15
"""How often a request is made; each one waits 20 s for the lock, which is MLflow's patience, and changes nothing."""


class PatientClient:
    """MLflow's client, each of whose requests is repeated while another program has locked the database.

    Args:
        uri: of the database file.
    """

    def __init__(self, uri: Address) -> None:
        self._client = MlflowClient(uri.full)
        self._uri = uri

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._client, name)
        return self._patient(attribute) if callable(attribute) else attribute

    def _patient(self, request: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(request)
        def repeated(*args: Any, **kwargs: Any) -> Any:
            for tried in range(TRIES):
                try:
                    return request(*args, **kwargs)
                except MlflowException as error:
                    if "database is locked" not in str(error) or received():
                        raise
                    if not tried:
                        log.warning(f"Another program has locked {self._uri}; it is waited for, some minutes at most")
            raise StoreUnreachable(
                f"Another program has locked {self._uri} for minutes. See which one, such as a backup or an open "
                "editor of databases, and end it"
            )

        return repeated
