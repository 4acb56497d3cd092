"""MLflow's experiments, by their names."""

from mlflow.entities import Experiment
from mlflow.tracking import MlflowClient

from pipeline.address import Address
from pipeline.tracking.database import artifacts_beside
from pipeline.tracking.transaction import found_or_made


def experiment_of(client: MlflowClient, name: str) -> Experiment:
    """The experiment of this name in the store of a client, made if there is none."""
    artifacts = artifacts_beside(Address(client.tracking_uri))
    return found_or_made(
        lambda: client.get_experiment_by_name(name),
        lambda: client.get_experiment(client.create_experiment(name, artifacts)),
    )
