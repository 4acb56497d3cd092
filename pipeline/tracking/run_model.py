"""The model of a run, by its id."""

from mlflow.entities import LoggedModelStatus
from mlflow.tracking import MlflowClient


def model_of(client: MlflowClient, run_id: str) -> str | None:
    """The id of the model of a run; None if it has none, or none that was stored to its end."""
    outputs = client.get_run(run_id).outputs
    stored = (client.get_logged_model(each.model_id) for each in (outputs.model_outputs if outputs else ()))
    return next((str(each.model_id) for each in stored if each.status == LoggedModelStatus.READY), None)
