"""Checkpoints: one file with everything that a training needs to go on as if it had never stopped."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED

import keras
import numpy as np

from pipeline.errors import InputError
from pipeline.metric_names import LOSS, under_current_names
from pipeline.text.wording import counted, first_line

History = dict[str, list[float]]
"""The values of each metric by its name, one after each epoch."""


class Checkpoint(keras.callbacks.Callback):
    """A callback that saves weights, optimizer, random state, early stopping and history, and restores them.

    The file is replaced as a whole after every epoch: a process that is killed while it writes leaves the file of the
    epoch before.

    Args:
        path: the file.
        history: of the training, which is saved and restored.
        stopping: early stopping, whose state is saved and restored; None if the training has none.
    """

    def __init__(self, path: Path, history: History, stopping: keras.callbacks.EarlyStopping | None) -> None:
        super().__init__()
        self.path = path
        self.history = history
        self.stopping = stopping
        self.epochs_done = 0
        self._stopping_state: dict[str, Any] = {}

    def restore(self, model: keras.Model) -> None:
        """Restore the model, its optimizer and the history from the file; do nothing if there is no file.

        Raises:
            InputError: the file is damaged.
        """
        if not self.path.exists():
            return
        model.optimizer.build(model.trainable_variables)
        variables = _variables(model)
        with _opened(self.path) as saved:
            progress = json.loads(saved["progress"].item())
            state = [saved[f"state/{index}"] for index in range(len(variables))]
            best = [saved[f"best/{index}"] for index in range(progress["best_weights"])]
        for variable, value in zip(variables, state, strict=True):
            variable.assign(value)
        self.epochs_done = progress["epochs_done"]
        self.history.update(under_current_names(progress["history"]))
        self._stopping_state = progress["stopping"] | {"best_weights": best or None}

    @property
    def finished(self) -> bool:
        """Whether early stopping had already ended the training that is restored."""
        return bool(self.stopping and self._stopping_state.get("wait", 0) >= self.stopping.patience)

    def on_train_begin(self, logs: object = None) -> None:
        """Restore the state of early stopping, which has just reset itself."""
        if self.stopping:
            vars(self.stopping).update(self._stopping_state)

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        """Write the file after an epoch."""
        self.epochs_done = epoch + 1
        best = (self.stopping.best_weights if self.stopping else None) or []
        state = {f"state/{index}": variable.numpy() for index, variable in enumerate(_variables(self.model))}
        state |= {f"best/{index}": weight for index, weight in enumerate(best)}
        _write(self.path, state | {"progress": np.array(json.dumps(self._progress(len(best))))})

    def _progress(self, best_weights: int) -> dict[str, Any]:
        kept = ("wait", "best", "best_epoch", "stopped_epoch")
        stopping = {name: _plain(getattr(self.stopping, name)) for name in kept} if self.stopping else {}
        return {
            "epochs_done": self.epochs_done,
            "history": self.history,
            "stopping": stopping,
            "best_weights": best_weights,
        }


def _variables(model: keras.Model) -> list[Any]:
    """All variables of the model and its optimizer, with random generators, which `model.weights` leaves out."""
    return [*model.variables, *model.optimizer.variables]


def history_in(path: Path) -> History:
    """The history that the file holds; empty if there is no file.

    Raises:
        InputError: the file is damaged.
    """
    if not path.exists():
        return {}
    with _opened(path) as saved:
        return under_current_names(dict(json.loads(saved["progress"].item())["history"]))


def how_far(checkpoint: Path, command: str) -> str:
    """Say how many epochs of an interrupted training are done, and which command resumes it."""
    losses = history_in(checkpoint).get(LOSS)
    if not losses:
        return "No epoch had ended, so there is nothing to resume"
    return f"{counted(len(losses), 'epoch')} done, validation loss {losses[-1]:.2f} nats. Go on with: {command}"


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with np.load(path, allow_pickle=False) as saved:
            if any(each.compress_type != ZIP_STORED for each in saved.zip.infolist()):
                raise ValueError("it is compressed, which no checkpoint is")
            yield saved
    except Exception as error:  # NumPy and what reads the arrays raise nearly anything on damaged files
        raise InputError(
            f"{path}: this checkpoint is damaged ({first_line(error)}); expected the file that the training wrote. "
            "Delete it and start a new training"
        ) from error


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
