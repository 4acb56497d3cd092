"""Inserting a run into a database under the id that it has already, which MLflow's client cannot."""

from mlflow.store.tracking.dbmodels.models import SqlParam, SqlRun, SqlTag
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NAME, MLFLOW_USER

from pipeline.tracking.experiment import experiment_of
from pipeline.tracking.outbox.contents import Begun


def insert(client: MlflowClient, begun: Begun) -> None:
    """Insert a run as it was when its outbox was made.

    Args:
        client: of a database that this process opens itself.
        begun: the run, whose id the database does not have yet.
    """
    experiment = experiment_of(client, begun.experiment)
    run = SqlRun(
        run_uuid=begun.run_id,
        name=begun.name,
        experiment_id=int(experiment.experiment_id),
        start_time=begun.started,
        status="RUNNING",
        user_id=begun.tags.get(MLFLOW_USER, ""),
        artifact_uri=f"{experiment.artifact_location}/{begun.run_id}/artifacts",
        tags=[SqlTag(key=key, value=value) for key, value in {MLFLOW_RUN_NAME: begun.name, **begun.tags}.items()],
        params=[SqlParam(key=key, value=value) for key, value in begun.params.items()],
    )
    store = SqlAlchemyStore(client.tracking_uri, experiment.artifact_location)
    with store.ManagedSessionMaker(read_only=False) as session:
        session.add(run)
