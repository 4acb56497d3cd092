"""A replica is a database of the runs that this machine has outboxes of; it is read while their server is silent."""

from pathlib import Path

from filelock import FileLock
from mlflow.store.tracking.dbmodels.models import SqlParam, SqlRun, SqlTag
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NAME, MLFLOW_USER

from pipeline.address import Address
from pipeline.tracking.database import alone, artifacts_beside
from pipeline.tracking.experiment import experiment_of
from pipeline.tracking.outbox.contents import Begun
from pipeline.tracking.outbox.delivery import Delivery
from pipeline.tracking.outbox.outbox import outboxes
from pipeline.tracking.store_address import SQLITE

_SIZE = "size_in_replica"
"""The file of an outbox that tells up to which byte of its lines the replica has it."""


class Replica:
    """The runs of a server as far as this machine has written into them.

    Args:
        home: the folder of the server's outboxes, in which the replica is kept, too.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.uri = Address(f"{SQLITE}{home / 'replica.db'}")
        self._client: MlflowClient | None = None

    def client(self) -> MlflowClient:
        """A client of the replica, which has everything that was written up to now."""
        self.home.mkdir(parents=True, exist_ok=True)
        with FileLock(self.home / "replica.lock", timeout=120):
            client = self._client = self._client or self._opened()
            for outbox in outboxes(self.home):
                known = outbox.folder / _SIZE
                if not known.exists() and not _has(client, outbox.begun.run_id):
                    self._insert(client, outbox.begun)
                if known.exists() and known.read_text() == str(outbox.lines.size):
                    continue
                size = outbox.lines.size
                for _ in Delivery(outbox, client, outbox.begun.run_id).go_on():
                    pass
                known.write_text(str(size))
        return client

    def _opened(self) -> MlflowClient:
        if not (self.home / "replica.db").exists():
            for outbox in outboxes(self.home):
                (outbox.folder / _SIZE).unlink(missing_ok=True)
        client = MlflowClient(self.uri.full)
        with alone(self.uri):
            client.search_experiments(max_results=1)  # which makes the tables of a new database
        return client

    def _insert(self, client: MlflowClient, begun: Begun) -> None:
        """Insert a run under the id that it has already, which MLflow's client cannot."""
        artifacts = artifacts_beside(self.uri)
        experiment = experiment_of(client, begun.experiment)
        run = SqlRun(
            run_uuid=begun.run_id,
            name=begun.name,
            experiment_id=int(experiment.experiment_id),
            start_time=begun.started,
            status="RUNNING",
            user_id=begun.tags.get(MLFLOW_USER, ""),
            artifact_uri=f"{artifacts}/{begun.run_id}",
            tags=[SqlTag(key=key, value=value) for key, value in {MLFLOW_RUN_NAME: begun.name, **begun.tags}.items()],
            params=[SqlParam(key=key, value=value) for key, value in begun.params.items()],
        )
        with SqlAlchemyStore(self.uri.full, artifacts).ManagedSessionMaker(read_only=False) as session:
            session.add(run)


def _has(client: MlflowClient, run_id: str) -> bool:
    """Tell whether the replica has a run, of which there may have been an outbox before."""
    experiments = [each.experiment_id for each in client.search_experiments()]
    return bool(client.search_runs(experiments, f"attributes.run_id = '{run_id}'", max_results=1))
