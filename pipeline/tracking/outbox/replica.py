"""A replica is a database of the runs that this machine has outboxes of; it is read while their server is silent."""

from pathlib import Path

from filelock import FileLock
from mlflow.tracking import MlflowClient

from pipeline.address import Address
from pipeline.tracking.database import alone
from pipeline.tracking.outbox.delivery import Delivery
from pipeline.tracking.outbox.insertion import insert
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
                    insert(client, outbox.begun)
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


def _has(client: MlflowClient, run_id: str) -> bool:
    """Tell whether the replica has a run, of which there may have been an outbox before."""
    experiments = [each.experiment_id for each in client.search_experiments()]
    return bool(client.search_runs(experiments, f"attributes.run_id = '{run_id}'", max_results=1))
