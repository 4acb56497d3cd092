"""Models that have a name of their own, beside that of their run."""

from mlflow.exceptions import MlflowException

from pipeline.tracking.store import Store
from pipeline.tracking.transaction import found_or_made

CHAMPION = "champion"


def register(store: Store, run_id: str, name: str, description: str) -> str:
    """Make the model of a run the champion of this name, as a new version unless it already is; gives the version."""
    client = store.client
    with store.transaction():
        model = found_or_made(
            lambda: next(iter(client.search_registered_models(f"name = '{name}'")), None),
            lambda: client.create_registered_model(name),
        )
        version = model.aliases.get(CHAMPION)
        if version and client.get_model_version(name, version).run_id == run_id:
            return str(version)
        model_id = store.model_id(run_id)
        source = f"models:/{model_id}"
        made = client.create_model_version(name, source, run_id, description=description, model_id=model_id)
        try:
            client.set_registered_model_alias(name, CHAMPION, made.version)
        except MlflowException:  # another process named the first champion at this instant
            client.set_registered_model_alias(name, CHAMPION, made.version)
        return str(made.version)
