"""The parts of a bundle that somebody else has made, each checked before any of them is used."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.bundling.contents import HEAD
from pipeline.errors import InputError
from pipeline.text.wording import first_line
from pipeline.tracking.model.logged_model import check_model
from pipeline.tracking.outbox.outbox import Outbox
from pipeline.tracking.tags import BEGUN_AS, DELIVERED, PARENT
from pipeline.tracking.writes import Batch, File, Input, Model, Status
from pipeline.training.checkpoint import history_in

_RESERVED = (PARENT, BEGUN_AS)
"""Tags by which a store knows the runs that it was brought; no write of a bundle sets them."""


def check_outbox(run_id: str, outbox: Outbox, before: Sequence[str]) -> None:
    """Check that an outbox has a run that ended, with its files, and writes into nothing else.

    Args:
        run_id: the id of the run.
        outbox: of the run.
        before: the runs that come before it, among them its parent if that has come, too.

    Raises:
        InputError: it is damaged, or what no bundle has.
    """
    if not outbox.exists:
        raise InputError(f"run {run_id} is named in {HEAD} and is not in the bundle")
    begun = outbox.begun
    tags = dict(begun.tags)
    is_counted = tags.pop(begun.delivered_tag, None) == "0"
    parent = tags.pop(PARENT, "0")
    if begun.run_id != run_id or not (begun.here and is_counted and parent.isalnum()) or tags or begun.params:
        raise InputError(f"run {run_id} is recorded as another one than {HEAD} says")
    if (outbox.folder.parent / parent).exists() and parent not in before:
        raise InputError(f"run {run_id} comes before its parent {parent}")
    last = None
    for line in outbox.lines.after(0):
        last = line.write
        _check_write(run_id, last, outbox.files_of(line.number))
    if not isinstance(last, Status) or last.status == "RUNNING":
        raise InputError(f"run {run_id} has no end")


def _check_write(run_id: str, write: object, files: Path) -> None:
    if not isinstance(write, Batch | File | Input | Model | Status):
        raise InputError(f"run {run_id} has a write of another kind than a run")
    if isinstance(write, Batch):
        foreign = [name for name in write.tags if name in _RESERVED or name.startswith(DELIVERED)]
        if foreign:
            raise InputError(f"run {run_id} sets the tag {foreign[0]}, which is the store's")
    for path in write.files:
        if not (files / path).is_file():
            raise InputError(f"run {run_id} lacks its file {path}")
    if isinstance(write, Model):
        check_model(files, write.paths)


def check_checkpoint(path: Path) -> None:
    """Check the checkpoint of an interrupted run, if it has one, and the snapshots in the folder beside it.

    Raises:
        InputError: one of them is damaged, or no array of numbers.
    """
    history_in(path)
    for snapshot in path.with_suffix("").glob("*.npz"):
        try:
            with np.load(snapshot, allow_pickle=False) as saved:
                kinds = {saved[name].dtype.kind for name in ("means", "reconstructions")}
        except Exception as error:  # NumPy raises nearly anything on damaged files
            raise InputError(f"{snapshot} is damaged ({first_line(error)})") from error
        if kinds != {"f"}:
            raise InputError(f"{snapshot} is damaged: it has no numbers")
