"""The progress of a training for a person: a live bar in a terminal, and everywhere one line for each epoch."""

import time
from typing import Any

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from pipeline.metric_names import of_epoch


class TrainingProgress(keras.callbacks.Callback):
    """A bar over the steps of the current epoch, with the loss, its parts and the time left.

    The object is used in a `with` statement, so that the bar disappears however the training ends. Its method `epoch`
    is an epoch listener and prints the line of an epoch; without a terminal there are only these lines.

    Args:
        epochs: of the whole training.
        console: for bar and lines.
    """

    def __init__(self, epochs: int, console: Console) -> None:
        super().__init__()
        self.epochs = epochs
        self.console = console
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._start = self._epoch_start = 0.0
        self._first = 0

    def __enter__(self) -> "TrainingProgress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def epoch(self, epoch: int, metrics: dict[str, float]) -> None:
        """Print the line of an epoch, counted from 1."""
        seconds = time.perf_counter() - self._epoch_start
        left = "" if self.epochs == epoch else f"  {_duration(self._left(epoch))} left"
        self.console.print(
            f"epoch {epoch:>{len(str(self.epochs))}}/{self.epochs}  {_parts(metrics, 'train')}  "
            f"[bold]validation {_parts(metrics, 'validation')}[/bold]  {seconds:.1f} s{left}",
            highlight=False,
            soft_wrap=True,
        )

    def on_train_begin(self, logs: object = None) -> None:
        """Show the bar if the console is a terminal."""
        if self.console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"))
            self._bar = Progress(*columns, console=self.console, transient=True)
            self._task = self._bar.add_task("", state="")
            self._bar.start()

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Begin a new bar."""
        if not self._start:
            self._start = time.perf_counter()
            self._first = epoch
        self._epoch_start = time.perf_counter()
        if self._bar:
            steps = self.params.get("steps")
            self._bar.reset(self._task, total=steps, description=f"epoch {epoch + 1}/{self.epochs}", state="")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the bar."""
        if self._bar:
            parts = _parts({of_epoch("train", name): float(value) for name, value in logs.items()}, "train")
            self._bar.update(self._task, completed=batch + 1, state=f"{parts}  {self._epoch_left(batch + 1)}")

    def _epoch_left(self, done: int) -> str:
        steps = self.params.get("steps")
        if not steps or done >= steps:
            return "validating"
        return f"{_duration((time.perf_counter() - self._epoch_start) / done * (steps - done))} left in the epoch"

    def _left(self, epoch: int) -> float:
        """The seconds to the end of the last epoch, at the pace so far."""
        return (time.perf_counter() - self._start) / (epoch - self._first) * (self.epochs - epoch)


def _parts(metrics: dict[str, float], split: str) -> str:
    loss, rate, distortion = (metrics[of_epoch(split, name)] for name in ("loss", "rate", "distortion"))
    return f"loss {loss:.2f} (distortion {distortion:.2f}, rate {rate:.2f})"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
