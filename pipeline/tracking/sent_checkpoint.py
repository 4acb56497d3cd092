"""A sent checkpoint is a copy on the tracking server, from which another machine goes on with an interrupted run."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import ServerSilent, StoreUnreachable
from pipeline.text.wording import first_line
from pipeline.tracking.store import Store
from pipeline.tracking.store_address import impatience
from pipeline.tracking.writes import Removal

log = logging.getLogger(__name__)

FOLDER = "checkpoint"
"""The artifacts of a run below which its checkpoint is kept until the training has ended."""
SNAPSHOTS = "snapshots"
"""The artifacts below `FOLDER` that are the snapshots of the training."""
TRANSFER = 60
"""Seconds in which a server must answer after it was sent a file, which it may have to pass on to a storage."""


class SentCheckpoint:
    """The copy of a run's checkpoint among its artifacts; without a server there is none, as it would be of no use.

    Args:
        store: the tracking store.
        run_id: the id of the run.
        checkpoint: the path of the checkpoint on this machine; the snapshots of the training lie in a folder beside
            it, which has the same name without suffix.
    """

    def __init__(self, store: Store, run_id: str, checkpoint: Path) -> None:
        self.store = store
        self.run_id = run_id
        self.checkpoint = checkpoint
        self._sent: set[str] = set()

    def send(self) -> None:
        """Send the checkpoint as it is now, and those snapshots that were not sent before; what fails is a warning."""
        if not self.store.is_server or not self.checkpoint.exists():
            return
        with _failure_is_warning(
            f"The checkpoint of run {self.run_id} could not be sent to {self.store.uri}, so that only this machine has "
            f"it, in {self.checkpoint}"
        ):
            self._ask()
            if self.store.silence:
                raise ServerSilent(self.store.silence)
            with impatience(TRANSFER, retries=0):
                self._send()

    def _ask(self) -> None:
        """Ask the server for an answer, so that a dead one is not waited for as long as for a transfer."""
        with impatience():
            self.store.run(self.run_id)

    def _send(self) -> None:
        for snapshot in sorted(self.checkpoint.with_suffix("").glob("*.npz")):
            if snapshot.name not in self._sent:
                self.store.client.log_artifact(self.store.id_of(self.run_id), str(snapshot), f"{FOLDER}/{SNAPSHOTS}")
                self._sent.add(snapshot.name)
        # Last, so that a checkpoint is never there without the snapshots of its epochs.
        self.store.client.log_artifact(self.store.id_of(self.run_id), str(self.checkpoint), FOLDER)

    @property
    def exists(self) -> bool:
        """Whether a checkpoint was sent.

        Raises:
            StoreUnreachable: the server, or its storage of artifacts, does not say.
        """
        with self._reached():
            is_there = self._is_there()
            if self.store.silence:
                raise ServerSilent(self.store.silence)
            return is_there

    def _is_there(self) -> bool:
        if not self.store.is_server:
            return False
        self._ask()
        if self.store.silence:
            return False
        with impatience(TRANSFER):
            there = self.store.client.list_artifacts(self.run_id, FOLDER)
        return f"{FOLDER}/{self.checkpoint.name}" in [each.path for each in there]

    def fetched(self, folder: Path) -> Path | None:
        """Download what was sent into a folder, and give the path of the checkpoint there.

        None if nothing was sent, or while the server is silent.

        Raises:
            StoreUnreachable: the server, or its storage of artifacts, does not give it.
        """
        with self._reached():
            if not self._is_there():
                return None
            with impatience(TRANSFER):
                place = Path(self.store.client.download_artifacts(self.run_id, FOLDER, str(folder)))
            return place / self.checkpoint.name

    def remove(self) -> None:
        """Remove the copy, once the server answers."""
        if self.store.is_server:
            self.store.write(self.run_id, Removal(path=FOLDER))

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if not _is_of_storage(error):
                raise
            raise StoreUnreachable(
                f"The checkpoint of run {self.run_id} cannot be fetched from {self.store.uri}: {first_line(error)}. "
                "See to the server and to its storage of artifacts, then type the command again"
            ) from error


@contextmanager
def _failure_is_warning(what: str) -> Iterator[None]:
    """Log what could not be done, and why, in place of an error: no training is worth less for the copy."""
    try:
        yield
    except Exception as error:
        if not _is_of_storage(error):
            raise
        log.warning(f"{what}: {first_line(error)}")


def _is_of_storage(error: Exception) -> bool:
    """Tell whether an error is of the network, of a file, or of the library that speaks to a storage, such as boto.

    Those libraries have no exception in common, but each has its own; Python's, such as `TypeError`, are defects.
    """
    # MLflow raises NotImplementedError where a storage cannot do what it is asked for.
    return isinstance(error, OSError | NotImplementedError) or type(error).__module__ != "builtins"
