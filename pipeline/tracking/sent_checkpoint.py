"""A sent checkpoint is a copy on the tracking server, from which another machine goes on with an interrupted run."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from pipeline.errors import ServerSilent, StoreUnreachable
from pipeline.text.wording import first_line
from pipeline.tracking.storage_error import is_of_storage
from pipeline.tracking.store import Store
from pipeline.tracking.store_address import impatience
from pipeline.tracking.writes import File, Removal

log = logging.getLogger(__name__)

FOLDER = "checkpoint"
"""The artifacts of a run below which its checkpoint is kept until the training has ended."""
SNAPSHOTS = "snapshots"
"""The artifacts below `FOLDER` that are the snapshots of the training."""
TRANSFER = 60
"""Seconds in which a server must answer where it may have to fetch files from a storage."""


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
        """Have the checkpoint sent as it is now, and those snapshots that were not sent before; nobody waits for it.

        Where there is no room on the disk for the copy, which is kept until the server has it, that is a warning.
        """
        if not self.store.is_server or not self.checkpoint.exists():
            return
        try:
            self._record()
        except OSError as error:
            log.warning(f"The checkpoint of run {self.run_id} is not sent to {self.store.uri}: {first_line(error)}")

    def _record(self) -> None:
        with TemporaryDirectory() as scratch:
            folder = Path(scratch) / FOLDER
            (folder / SNAPSHOTS).mkdir(parents=True)
            writes = []
            for snapshot in sorted(self.checkpoint.with_suffix("").glob("*.npz")):
                if snapshot.name not in self._sent:
                    (folder / SNAPSHOTS / snapshot.name).symlink_to(snapshot.absolute())
                    writes.append(File(path=f"{FOLDER}/{SNAPSHOTS}/{snapshot.name}"))
            (folder / self.checkpoint.name).symlink_to(self.checkpoint.absolute())
            # Last, as the snapshots of its epochs belong to it.
            writes.append(File(path=f"{FOLDER}/{self.checkpoint.name}", replaces=True))
            self.store.write(self.run_id, *writes, folder=Path(scratch))
            self._sent |= {Path(each.path).name for each in writes[:-1]}

    @property
    def exists(self) -> bool:
        """Whether a checkpoint was sent.

        Raises:
            StoreUnreachable: the server, or its storage of artifacts, does not say.
        """
        with self._reached():
            sent = self._path()
            if self.store.silence:
                raise ServerSilent(self.store.silence)
            return sent is not None

    def _path(self) -> PurePosixPath | None:
        """The path of what was sent, among the artifacts; of a run that was begun offline its name is another id."""
        if not self.store.is_server:
            return None
        with impatience():  # so that a dead server is not waited for as long as for a storage
            self.store.run(self.run_id)
        if self.store.silence:
            return None
        with impatience(TRANSFER):
            there = self.store.client.list_artifacts(self.run_id, FOLDER)
        paths = [PurePosixPath(each.path) for each in there if each.path.endswith(self.checkpoint.suffix)]
        mine = (path for path in paths if path.name == self.checkpoint.name)
        return next(mine, paths[0] if paths else None)

    def fetched(self, folder: Path) -> Path | None:
        """Download what was sent into a folder, and give the path of the checkpoint there.

        None if nothing was sent, or while the server is silent.

        Raises:
            StoreUnreachable: the server, or its storage of artifacts, does not give it.
        """
        with self._reached():
            path = self._path()
            if path is None:
                return None
            with impatience(TRANSFER):
                place = Path(self.store.client.download_artifacts(self.run_id, FOLDER, str(folder)))
            return place / path.name

    def remove(self) -> None:
        """Remove the copy, once the server answers."""
        if self.store.is_server:
            self.store.write(self.run_id, Removal(path=FOLDER))

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if not is_of_storage(error):
                raise
            raise StoreUnreachable(
                f"The checkpoint of run {self.run_id} cannot be fetched from {self.store.uri}: {first_line(error)}. "
                "See to the server and to its storage of artifacts, then type the command again"
            ) from error
