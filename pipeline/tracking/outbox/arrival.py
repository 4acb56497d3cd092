"""The arrival of a run in a store that did not have it: a run from another store, by its outbox."""

from dataclasses import dataclass

from mlflow.entities import Run as MlflowRun
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.tracking import MlflowClient

from pipeline.errors import InputError
from pipeline.text.wording import first_line
from pipeline.tracking.outbox.delivery import TRANSFER, Delivery, run_on_server
from pipeline.tracking.outbox.insertion import insert
from pipeline.tracking.outbox.outbox import Outbox
from pipeline.tracking.server_check import silence_told
from pipeline.tracking.store import Store
from pipeline.tracking.store_address import impatience


@dataclass(frozen=True)
class Arrived:
    """A run in the store that it was brought to.

    Attributes:
        run_id: its id there.
        experiment_id: of its experiment there.
        is_from_elsewhere: whether what it holds is what the outbox holds; else the store had a run of this id before,
            which stays as it is.
    """

    run_id: str
    experiment_id: str
    is_from_elsewhere: bool


def arrive(outbox: Outbox, store: Store, begun_as: str | None = None) -> Arrived:
    """Bring a run to a store: under its id where the store is a database, else under one that the server gives it.

    Repeating it changes nothing, and goes on with what was cut off. A run that the store has from elsewhere stays.

    Args:
        outbox: of the run.
        store: to which it is brought.
        begun_as: the id that the run had where it was begun, if another; the store may be that one.

    Raises:
        InputError: the store has the run among those that were deleted, or refuses it.
        StoreUnreachable: the store does not answer.
    """
    client = MlflowClient(store.uri.full) if store.is_server else store.client
    try:
        return _arrived(outbox, store, client, begun_as)
    except MlflowException as error:
        raise InputError(f"{store.uri} refuses run {outbox.begun.run_id} ({first_line(error)})") from error


def _arrived(outbox: Outbox, store: Store, client: MlflowClient, begun_as: str | None) -> Arrived:
    with silence_told(store.uri), impatience(TRANSFER):
        store.experiment(outbox.begun.experiment)
        run_id = outbox.begun.run_id
        if begun_as and _run(client, begun_as):
            run_id = begun_as
        elif _run(client, run_id) is None:
            run_id = _begun(outbox, store, client)
        run = client.get_run(run_id)
        if run.info.lifecycle_stage == "deleted":
            raise InputError(
                f"run {run_id} was deleted from {store.uri}. Restore it in the MLflow UI, among the runs of the state "
                "Deleted; or remove it for good (mlflow gc), and import it again"
            )
        is_from_elsewhere = outbox.begun.delivered_tag in run.data.tags
        if is_from_elsewhere:
            for _ in Delivery(outbox, client, run_id).go_on():
                pass
    return Arrived(run_id, str(run.info.experiment_id), is_from_elsewhere)


def _begun(outbox: Outbox, store: Store, client: MlflowClient) -> str:
    if store.is_server:
        return run_on_server(outbox, client)
    insert(client, outbox.begun)
    return outbox.begun.run_id


def _run(client: MlflowClient, run_id: str) -> MlflowRun | None:
    try:
        return client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            raise
        return None
