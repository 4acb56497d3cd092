"""Writing behind a server: what is written goes to the disk first, and what is read waits for what was written."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import cast
from uuid import uuid4

from mlflow.entities import Run as MlflowRun
from mlflow.tracking import MlflowClient

from pipeline import places
from pipeline.address import Address
from pipeline.errors import StoreUnreachable
from pipeline.text.wording import counted
from pipeline.tracking.experiment import experiment_of
from pipeline.tracking.measurement import milliseconds
from pipeline.tracking.outbox.contents import Begun
from pipeline.tracking.outbox.outbox import Outbox, outboxes
from pipeline.tracking.outbox.reader import Reader
from pipeline.tracking.outbox.replica import Replica
from pipeline.tracking.outbox.sender import sender_to
from pipeline.tracking.server_check import silence_told
from pipeline.tracking.store_address import impatience, try_once
from pipeline.tracking.tags import BEGUN_AS, PARENT
from pipeline.tracking.writes import Write

_SERVER = "server"


class WriteBehind:
    """The outboxes of a server, their sender, and the replica that is read while the server is silent.

    Args:
        uri: of the server.
    """

    def __init__(self, uri: Address) -> None:
        self.uri = uri
        self.home = home_of(uri)
        self.sender = sender_to(uri)
        self.replica = Replica(self.home)
        self.server = MlflowClient(uri.full)
        self._written: dict[str, Outbox] = {}
        self.client = cast(MlflowClient, Reader(self))
        try_once()  # as the sender tries again, and has all that is written in between

    @property
    def is_silent(self) -> bool:
        """Whether the server did not answer the last request."""
        return self.sender.is_silent

    @property
    def silence(self) -> str:
        """Why the server does not have all that was written, where it refuses nothing."""
        return self.sender.silence or "it is slow"

    def begin(self, experiment: str, name: str, tags: Mapping[str, str]) -> str:
        """Begin a run on the server, or on this machine alone while the server is silent; gives its id.

        Args:
            experiment: the name of the experiment.
            name: of the run.
            tags: of the run; the id of its parent is the one on this machine.
        """
        started = milliseconds()
        own, run_id = uuid4().hex, uuid4().hex
        begun = Begun(
            outbox=own, run_id=run_id, here=True, experiment=experiment, name=name, started=started, tags=tags
        )
        if not self.is_silent:
            try:
                with impatience(), silence_told(self.uri):
                    # The tag is for a server that answers too late: it has the run then, which is sent another time.
                    known = {**tags, BEGUN_AS: begun.run_id}
                    if PARENT in tags:
                        known[PARENT] = self.id_of(tags[PARENT])
                    experiment_id = experiment_of(self.server, experiment).experiment_id
                    run = self.server.create_run(experiment_id, started, known, name)
                begun = begun.model_copy(
                    update={"run_id": run.info.run_id, "here": False, "experiment_id": experiment_id}
                )
            except StoreUnreachable as error:
                self.sender.tell(str(error))
        outbox = self._made(begun)
        if begun.here:
            self.sender.take(outbox.folder)
        return begun.run_id

    def write(self, run_id: str, *writes: Write, folder: Path) -> None:
        """Keep writes on disk, to be sent."""
        while True:
            outbox = self._written.get(run_id)
            if outbox is None or not outbox.exists:
                outbox = self._written[run_id] = self.outbox(run_id)
            if outbox.append(*writes, folder=folder):
                break
        self.sender.take(outbox.folder)

    def id_of(self, run_id: str) -> str:
        """The id by which a run that was begun here is found in what is read: the server's, once it has the run."""
        with suppress(FileNotFoundError):  # there is none, or the sender has cleared it at this instant
            return (not self.is_silent and Outbox(self.home / run_id).sent_as) or run_id
        return run_id

    def place_of(self, run_id: str) -> tuple[str, str] | None:
        """The ids of the experiment and of a run on the server; None while the server has no such run."""
        outbox = Outbox(self.home / run_id)
        begun = outbox.begun if outbox.exists else None
        if begun and begun.experiment_id:
            return begun.experiment_id, run_id
        if begun and (outbox.sent_as is None or self.is_silent):
            return None
        info = self.client.get_run(run_id).info
        return info.experiment_id, info.run_id

    def has(self, run_id: str) -> bool:
        """Tell whether a run has an outbox on this machine."""
        return Outbox(self.home / run_id).exists

    def run_begun_as(self, run_id: str) -> MlflowRun | None:
        """The run that had this id, or one that begins so, on its machine until it was sent; None if there is none."""
        experiments = [each.experiment_id for each in self.client.search_experiments()]
        is_id = run_id.isalnum()
        found = self.client.search_runs(experiments, f"tags.`{BEGUN_AS}` LIKE '{run_id}%'") if is_id else []
        return found[0] if len(found) == 1 else None

    def left(self, run_id: str) -> str | None:
        """Wait for what was written into a run and its children to be sent, and tell why some is left, if it is."""
        own = list(self._of(run_id))
        for outbox in own:
            self.sender.take(outbox.folder)
        has_all = self.sender.flush()
        if refused := [self.sender.refused[each.folder] for each in own if each.folder in self.sender.refused]:
            return refused[0]
        if not has_all:
            return self.silence
        files = [reason for each in own for reason in each.set_aside.values()]
        return f"it did not take {counted(len(files), 'file')}, such as {files[0]}" if files else None

    def _of(self, run_id: str) -> Iterator[Outbox]:
        for outbox in outboxes(self.home):
            with suppress(FileNotFoundError):  # the sender has cleared it at this instant
                if run_id in (outbox.folder.name, outbox.begun.tags.get(PARENT)):
                    yield outbox

    def outbox(self, run_id: str) -> Outbox:
        """The outbox of a run, made if there is none."""
        outbox = Outbox(self.home / run_id)
        if outbox.exists:
            return outbox
        run = self.client.get_run(run_id)
        begun = Begun(
            outbox=uuid4().hex,
            run_id=run_id,
            here=False,
            experiment=self.client.get_experiment(run.info.experiment_id).name,
            experiment_id=run.info.experiment_id,
            name=str(run.info.run_name),
            started=run.info.start_time,
            params=run.data.params,
            tags=run.data.tags,
        )
        return self._made(begun)

    def _made(self, begun: Begun) -> Outbox:
        self.home.mkdir(parents=True, exist_ok=True)
        name_server(self.home, self.uri)
        return Outbox.made(self.home / begun.run_id, begun)


def name_server(home: Path, uri: Address) -> None:
    """Note for which server outboxes are in a folder, by its address without its password."""
    (home / _SERVER).write_text(uri.bare)


def server_of(home: Path) -> Address:
    """The address of the server whose outboxes are in a folder, without its password."""
    return Address((home / _SERVER).read_text())


def home_of(uri: Address) -> Path:
    """The folder with the outboxes of a server."""
    readable = re.sub(r"\W+", "_", uri.bare.partition("://")[2])[:60]
    return places.OUTBOX / f"{readable}_{hashlib.sha256(uri.bare.encode()).hexdigest()[:8]}"
