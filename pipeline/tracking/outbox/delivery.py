"""The delivery of an outbox: its writes are applied to a store in their order, each as if it were applied once.

A tag of the run says how many writes of the outbox it has, so that whoever delivers goes on there: after `kill -9`, on
another machine that has a copy of the outbox, or beside another sender. What is applied again changes nothing.
"""

from collections.abc import Iterator

from mlflow.entities import ViewType
from mlflow.tracking import MlflowClient

from pipeline.tracking.experiment import experiment_of
from pipeline.tracking.outbox.contents import Begun, Line
from pipeline.tracking.outbox.outbox import Outbox
from pipeline.tracking.tags import BEGUN_AS, PARENT
from pipeline.tracking.writes import Batch

TRANSFER = 120
"""Seconds in which a server must take a file, which it may have to pass on to a storage."""


class Delivery:
    """The delivery of an outbox to a run of a store, which can be gone on with when more was written.

    Args:
        outbox: whose writes are delivered.
        client: of the store.
        run_id: the id of the run in this store.

    Attributes:
        done: how many writes the run has.

    Raises:
        MlflowException: the store does not answer.
    """

    def __init__(self, outbox: Outbox, client: MlflowClient, run_id: str) -> None:
        self.outbox = outbox
        self.client = client
        self.run_id = run_id
        self._tag = outbox.begun.delivered_tag
        self.done = self._noted = int(client.get_run(run_id).data.tags.get(self._tag, 0))

    def go_on(self) -> Iterator[int]:
        """Apply the writes that the run does not have yet, and give the number of each that it has then.

        Raises:
            InputError: the outbox is damaged.
            MlflowException: the store does not answer, or refuses a write.
        """
        for line in self.outbox.lines.after(self.done):
            self.apply(line)
            self.done = line.number
            self._noted = line.number if isinstance(line.write, Batch) else self._noted
            yield self.done
        if self._noted != self.done:
            Batch(tags={self._tag: str(self.done)}).apply(self.client, self.run_id, self.outbox.folder)
            self._noted = self.done

    def apply(self, line: Line) -> None:
        """Apply a write to the run."""
        write = line.write
        if isinstance(write, Batch):  # which notes its own arrival
            write = write.model_copy(update={"tags": {**write.tags, self._tag: str(line.number)}})
        write.apply(self.client, self.run_id, self.outbox.files_of(line.number))


def run_on_server(outbox: Outbox, client: MlflowClient) -> str:
    """The id that the run of an outbox has on its server, where the run is begun if it is not there yet."""
    if outbox.sent_as is None:
        outbox.sent_as = _begun_on_server(outbox, client)
    return outbox.sent_as or ""


def is_needed_no_longer(outbox: Outbox) -> bool:
    """Tell whether an outbox can be cleared once it is delivered: its run is finished, and so is that of its parent.

    Until then the report of the parent may be written while the server is silent. What was set aside is kept.
    """
    parent = Outbox(outbox.folder.parent / outbox.begun.tags.get(PARENT, "none"))
    return outbox.is_over and (parent.is_over or not parent.exists) and not outbox.set_aside


def _begun_on_server(outbox: Outbox, client: MlflowClient) -> str:
    begun = outbox.begun
    experiment_id = experiment_of(client, begun.experiment).experiment_id
    found = _of_this_id(client, experiment_id, begun.run_id)
    if found:
        return found[0]
    tags = {**begun.tags, **_parent(outbox, begun, client), BEGUN_AS: begun.run_id}
    made = client.create_run(experiment_id, begun.started, tags, begun.name).info.run_id
    first = _of_this_id(client, experiment_id, begun.run_id)[0]
    if first != made:  # another machine has sent a copy of the outbox at this instant
        client.delete_run(made)
    return first


def _of_this_id(client: MlflowClient, experiment_id: str, run_id: str) -> list[str]:
    """The ids of the runs that were begun from an outbox, deleted ones too, in an order that all machines see."""
    found = client.search_runs([experiment_id], f"tags.`{BEGUN_AS}` = '{run_id}'", ViewType.ALL)
    return sorted(run.info.run_id for run in found)


def _parent(outbox: Outbox, begun: Begun, client: MlflowClient) -> dict[str, str]:
    """The tag of a child of a run that was begun on this machine, too, which has another id on the server."""
    parent_id = begun.tags.get(PARENT)
    parent = Outbox(outbox.folder.parent / parent_id) if parent_id else None
    return {PARENT: run_on_server(parent, client)} if parent and parent.exists else {}
