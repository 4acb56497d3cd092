"""Everything that a training needs to go on as if it had never stopped, in one file."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import keras
import numpy as np

from pipeline.errors import InputError
from pipeline.metric_names import LOSS, under_current_names

History = dict[str, list[float]]
"""Metric name to its value after each epoch."""


class Checkpoint(keras.callbacks.Callback):
    """Saves weights, optimizer, random state, early stopping and history after every epoch, and brings them back.

    The file is replaced as a whole: whoever is killed while writing leaves the epoch before intact.

    Args:
        path: the file.
        history: grows with the training; saved along.
        stopping: its state is saved and brought back too; None if the training has no early stopping.
    """

    def __init__(self, path: Path, history: History, stopping: keras.callbacks.EarlyStopping | None) -> None:
        super().__init__()
        self.path, self.history, self.stopping = path, history, stopping
        self.epochs_done = 0
        self._stopping_state: dict[str, Any] = {}

    def restore(self, model: keras.Model) -> None:
        """Bring the model, its optimizer and the history to where the file says; without a file, do nothing."""
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
        """Whether early stopping had already ended the training that was restored."""
        return bool(self.stopping and self._stopping_state.get("wait", 0) >= self.stopping.patience)

    def on_train_begin(self, logs: object = None) -> None:
        """After early stopping has reset itself, give it back what it knew."""
        if self.stopping:
            vars(self.stopping).update(self._stopping_state)

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        """Write the file."""
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
    """All state, the random generators' included, which `model.weights` leaves out."""
    return [*model.variables, *model.optimizer.variables]


def history_in(path: Path) -> History:
    """Every metric after each epoch that the file knows of; empty without a file."""
    if not path.exists():
        return {}
    with _opened(path) as saved:
        return under_current_names(json.loads(saved["progress"].item())["history"])


def how_far(checkpoint: Path, command: str) -> str:
    """How far an interrupted training came, and the command that goes on with it."""
    losses = history_in(checkpoint).get(LOSS)
    if not losses:
        return "No epoch had ended, so there is nothing to resume"
    return f"{len(losses)} epochs were done, validation loss {losses[-1]:.2f} nats. Go on with: {command}"


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with np.load(path, allow_pickle=False) as saved:
            yield saved
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise InputError(
            f"{path}: this checkpoint is damaged ({error}), so the run cannot go on. Remove it and train anew"
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
