"""A travelling checkpoint is sent to the tracking server now and then, so that a run can go on on another machine."""

import logging
import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import keras

from pipeline.errors import InputError
from pipeline.metric_names import LOSS
from pipeline.places import CHECKPOINTS, checkpoint_of
from pipeline.tracking.sent_checkpoint import SNAPSHOTS, SentCheckpoint
from pipeline.tracking.store import Store
from pipeline.training.checkpoint import history_in

log = logging.getLogger(__name__)


class CheckpointSender(keras.callbacks.Callback):
    """A callback that sends the checkpoint of a training after an epoch, once the last sending is long enough ago.

    Args:
        copy: what was sent before.
        minutes: between two sendings; None for no sending.
    """

    def __init__(self, copy: SentCheckpoint, minutes: float | None) -> None:
        super().__init__()
        self.copy = copy
        self.minutes = minutes
        self._sent_at = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        """Send the checkpoint that was just written, if it is time."""
        if self.minutes is not None and time.monotonic() > self._sent_at + self.minutes * 60:
            self.copy.send()
            self._sent_at = time.monotonic()


def has_checkpoint(store: Store, run_id: str) -> bool:
    """Tell whether an interrupted run has a checkpoint, on this machine or on the tracking server.

    Raises:
        StoreUnreachable: this machine has none, and the server cannot be asked.
    """
    path = checkpoint_of(run_id)
    return path.exists() or SentCheckpoint(store, run_id, path).exists


def fetch_checkpoint(store: Store, run_id: str) -> None:
    """Put the checkpoint of a run that another machine has sent in its place here, if it is of a later epoch.

    One that is damaged is left out, with a warning, as it is worth less than any other.

    Raises:
        StoreUnreachable: that on the server cannot be fetched.
    """
    here = checkpoint_of(run_id)
    CHECKPOINTS.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=CHECKPOINTS) as folder:
        sent = SentCheckpoint(store, run_id, here).fetched(CHECKPOINTS / folder)
        if sent is None:
            return
        done = _epochs(sent, f"The checkpoint that run {run_id} has sent to {store.uri}")
        if done <= _epochs(here, f"The checkpoint of run {run_id} on this machine"):
            return
        copy_checkpoint(sent, sent.parent / SNAPSHOTS, here)


def copy_checkpoint(checkpoint: Path, snapshots: Path, target: Path) -> None:
    """Copy a checkpoint, and its snapshots from a folder into that beside the copy, in place of what was there.

    Args:
        checkpoint: the path of the checkpoint.
        snapshots: the folder with its snapshots, if it has any.
        target: the path of the copy, which is there whole or not at all.
    """
    folder = target.with_suffix("")
    target.parent.mkdir(parents=True, exist_ok=True)
    for snapshot in snapshots.glob("*.npz"):
        folder.mkdir(exist_ok=True)
        shutil.copyfile(snapshot, folder / snapshot.name)
    unfinished = target.with_suffix(".unfinished")
    shutil.copyfile(checkpoint, unfinished)
    unfinished.replace(target)  # last, as it says that its epochs are done


def _epochs(path: Path, name: str) -> int:
    """Count the epochs of a checkpoint; none of one that is missing or damaged."""
    try:
        return len(history_in(path).get(LOSS, []))
    except InputError:
        log.warning(f"{name} is damaged, and left out")
        return 0
