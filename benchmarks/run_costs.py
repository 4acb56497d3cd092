"""Where the seconds of a tutorial-2 run go: tracking, pictures, evaluation, data, and training itself.

One real run of few epochs is measured, with everything that a run records. What happens once is taken as measured;
what happens each epoch, or at each epoch with pictures, is counted up to the full number of epochs with the mean of its
calls but the first, which also pays for tracing and fonts. Both numbers, measured and extrapolated, are reported.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import mean
from typing import Any

from benchmarks.stopwatch import Call, Stopwatch, public_methods
from benchmarks.turns import Turn

PICTURES = ("Run.card",)
"""Calls within training that happen at picture epochs only."""

REST = "training, validation, rest"

EACH_EPOCH = "Run.metrics"


@dataclass(frozen=True)
class RunTask:
    """A run to take apart: overrides of `python -m pipeline.train`, and the number of epochs to count up to."""

    overrides: tuple[str, ...]
    epochs: int


def run(task: RunTask, turn: Turn) -> None:
    """Train once and report the costs."""
    begin = time.perf_counter()
    from pipeline.runtime import start_tensorflow

    start_tensorflow()
    from benchmarks.network import config_for

    config, stopwatch = config_for(*task.overrides), Stopwatch()
    _watch_all(stopwatch)
    started = time.perf_counter()
    epochs = _train(config)
    seconds = time.perf_counter() - started
    costs = Costs(stopwatch.calls, started - begin, seconds, epochs, config["pictures"]["epochs"])
    turn.ready(**costs.record(task.epochs))


def _train(config: dict[str, Any]) -> int:
    from rich.console import Console

    from pipeline.runs.train import train

    with open(os.devnull, "w") as nowhere:
        return train(config, console=Console(file=nowhere)).epochs


CONTEXT = "start_run"
FIT = "fit"
"""Functions of `pipeline.runs.train`, of which what is within is timed apart."""


def watched() -> list[tuple[Any, str, str]]:
    """What is timed: owner, name, and what it counts as."""
    from pipeline.data.settings import DatasetSettings
    from pipeline.runs import train as training_run
    from pipeline.runs.record import Recorder
    from pipeline.tracking.run import Run
    from pipeline.tracking.settings import TrackingSettings
    from pipeline.training.checkpoint import Checkpoint

    return [
        # What draws is called where the picture is recorded.
        *((Run, name, "pictures" if name in {"card", "picture"} else "tracking") for name in public_methods(Run)),
        (TrackingSettings, "connect", "tracking"),
        (training_run, "circumstances", "tracking"),
        (Recorder, "begin", "tracking"),  # it also computes the data's fingerprint
        (DatasetSettings, "load", "data"),
        (training_run, "evaluate", "evaluation"),
        (Checkpoint, "on_epoch_end", "checkpoints"),
    ]


def _watch_all(stopwatch: Stopwatch) -> None:
    from pipeline.runs import train as training_run

    for owner, name, kind in watched():
        stopwatch.watch(owner, name, kind)
    stopwatch.watch_context(training_run, CONTEXT, "tracking")
    stopwatch.watch_training(training_run, FIT)


@dataclass(frozen=True)
class Costs:
    """What a run of `epochs` epochs cost.

    Attributes:
        calls: of all watched functions.
        start: seconds until the config was composed and everything imported.
        seconds: of the run after that.
        picture_epochs: epochs with pictures; the last one always has them.
    """

    calls: Sequence[Call]
    start: float
    seconds: float
    epochs: int
    picture_epochs: Sequence[int]

    def record(self, epochs: int) -> dict[str, Any]:
        """Seconds and share of each kind: measured, and counted up to so many epochs."""
        return {
            "epochs": self.epochs,
            "measured": shares(self._measured()),
            "extrapolated_to_epochs": epochs,
            "extrapolated": shares(self._counted_up(epochs)),
            "seconds_of_a_later_epoch": self._later_epoch(),
            "calls": [asdict(call) for call in self.calls],
        }

    def _measured(self) -> dict[str, float]:
        seconds = {"start": self.start, REST: self._unwatched()}
        for call in self.calls:
            seconds[call.kind] = seconds.get(call.kind, 0.0) + call.seconds
        return seconds

    def _counted_up(self, epochs: int) -> dict[str, float]:
        seconds = self._measured()
        seconds[REST] += (epochs - self.epochs) * self._later_epoch()
        for name in {call.name for call in self.calls if call.training}:
            calls = [call for call in self.calls if call.name == name and call.training]
            later = mean(call.seconds for call in calls[1:] or calls)
            seconds[calls[0].kind] += later * len(calls) * (self._times(name, epochs) / self._times(name) - 1)
        return seconds

    def _times(self, name: str, epochs: int | None = None) -> int:
        """How often something in training happens: each epoch, or at each epoch with pictures."""
        epochs = epochs or self.epochs
        return len({each for each in self.picture_epochs if each < epochs} | {epochs}) if name in PICTURES else epochs

    def _unwatched(self) -> float:
        return self.seconds - sum(call.seconds for call in self.calls)

    def _later_epoch(self) -> float:
        """Seconds of an epoch after the first, without what is watched."""
        ends = [call.begin for call in self.calls if call.name == EACH_EPOCH and call.training]
        between = [call.seconds for call in self.calls if ends[0] <= call.begin < ends[-1]]
        return (ends[-1] - ends[0] - sum(between)) / (len(ends) - 1)


def shares(seconds: dict[str, float]) -> dict[str, dict[str, float]]:
    """Each part's seconds and its share of the sum."""
    total = sum(seconds.values())
    parts = seconds | {"total": total}
    return {name: {"seconds": each, "share": each / total} for name, each in parts.items()}
