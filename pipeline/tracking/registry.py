"""Models that have a name of their own, beside that of their run."""

import mlflow
from mlflow.exceptions import MlflowException

from pipeline.tracking.store import Store

CHAMPION = "champion"


def register(store: Store, run_id: str, name: str, description: str) -> None:
    """Make the model of a run the champion of this name, as a new version unless it already is."""
    with store.transaction():
        try:
            if store.client.get_model_version_by_alias(name, CHAMPION).run_id == run_id:
                return
        except MlflowException:  # there is no champion yet
            pass
        version = mlflow.register_model(f"runs:/{run_id}/model", name)
        store.client.set_registered_model_alias(name, CHAMPION, version.version)
        store.client.update_model_version(name, version.version, description)
