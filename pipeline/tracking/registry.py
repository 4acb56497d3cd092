"""Models that have a name of their own, beside that of their run."""

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST, ErrorCode

from pipeline.tracking.champion import CHAMPION
from pipeline.tracking.store import Store
from pipeline.tracking.writes import Registration

_NONE = tuple(map(ErrorCode.Name, (RESOURCE_DOES_NOT_EXIST, INVALID_PARAMETER_VALUE)))
"""Codes of MLflow's errors where there is no such model, or no such alias of one."""


def register(store: Store, run_id: str, name: str, description: str) -> str | None:
    """Make the model of a run the champion of this name, as a new version unless it already is.

    Returns:
        The version; None while the server is silent, which gives it one later.
    """
    store.write(run_id, Registration(name=name, description=description))
    of_run = f"name = '{name}' AND run_id = '{store.id_of(run_id)}'"  # another one may be the champion by now
    versions = [int(each.version) for each in store.client.search_model_versions(of_run)]
    return None if store.silence or not versions else str(max(versions))


def names_of_champion(store: Store, run_id: str) -> dict[str, str]:
    """The names of which the model of a run is the champion, each with the description of the model."""
    versions = store.client.search_model_versions(f"run_id = '{run_id}'")
    return {each.name: str(each.description or "") for each in versions if champion_of(store, each.name) == run_id}


def champion_of(store: Store, name: str) -> str | None:
    """The id of the run whose model is the champion of a name; None if there is none."""
    try:
        return str(store.client.get_model_version_by_alias(name, CHAMPION).run_id)
    except MlflowException as error:
        if error.error_code not in _NONE:
            raise
        return None
