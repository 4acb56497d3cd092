"""The model of a run as the champion of a name."""

from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from pipeline.tracking.transaction import found_or_made

CHAMPION = "champion"


def make_champion(client: MlflowClient, run_id: str, model_id: str, name: str, description: str) -> None:
    """Make a model of a run the champion of this name, as a new version unless it already is."""
    model = found_or_made(
        lambda: next(iter(client.search_registered_models(f"name = '{name}'")), None),
        lambda: client.create_registered_model(name),
    )
    version = model.aliases.get(CHAMPION)
    if version and client.get_model_version(name, version).run_id == run_id:
        return
    versions = client.search_model_versions(f"name = '{name}' AND run_id = '{run_id}'")
    made = versions[0] if versions else None  # by a sender that died then
    if made is None:
        made = client.create_model_version(
            name, f"models:/{model_id}", run_id, description=description, model_id=model_id
        )
    try:
        client.set_registered_model_alias(name, CHAMPION, made.version)
    except MlflowException:  # another process named the first champion at this instant
        client.set_registered_model_alias(name, CHAMPION, made.version)
