"""Trains trials of a study, several at once, until none is left."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra.types import HydraContext
from omegaconf import DictConfig
from optuna.trial import TrialState

from pipeline.config import run_name
from pipeline.interruption import listen
from pipeline.sweep.child import End, Job
from pipeline.sweep.crew import Crew
from pipeline.sweep.plan import Claimed, Plan
from pipeline.sweep.progress import Progress
from pipeline.sweep.space import overrides_of
from pipeline.sweep.study import Study
from pipeline.tracking.store import Store
from pipeline.tracking.trials import Trials, was_pruned


@dataclass(frozen=True)
class Worker:
    """What a launcher starts: a task function of Hydra's that can be sent to another process or machine.

    Attributes:
        plan: of the study.
        hydra_context, config: of Hydra, to compose trials with.
        folder: of the study's jobs.
        parent_id: of the study's run.
        uri: of the tracking store.
    """

    plan: Plan
    hydra_context: HydraContext
    config: DictConfig
    folder: Path
    parent_id: str
    uri: str

    def __call__(self, _: DictConfig) -> None:
        """Work until nothing is left.

        Raises:
            Interrupted: by a signal; what was being trained waits for whoever goes on.
        """
        listen()
        _Work(self).until_none_is_left()


class _Work:
    def __init__(self, worker: Worker) -> None:
        self.worker, self.settings = worker, worker.plan.settings
        self.study = Study(worker.plan)
        self.trials = Trials(Store(worker.uri), self.settings.study, worker.parent_id)
        self.progress = Progress(self.study, worker.config.training.epochs)
        self.crew = Crew(self.settings.slots, self.settings.trial_timeout)

    def until_none_is_left(self) -> None:
        try:
            with self.progress:
                while not self.study.over:
                    self._begin_some()
                    self.crew.attend(self._after_epoch, self._at_the_end)
                    self.study.beat(self.crew.at_work())
        finally:
            interrupted = self.crew.at_work()
            self.crew.dismiss()
            for claimed in interrupted:
                self.study.end(claimed, TrialState.WAITING)

    def _begin_some(self) -> None:
        while self.crew.has_room and (claimed := self.study.claim()):
            run = self.trials.run_of(claimed.number)
            self.progress.begins(claimed)
            if run and run.info.status == "FINISHED":  # and then its worker died, before it could say so
                self._at_the_end(claimed, End(run.info.run_id, dict(run.data.metrics), pruned=was_pruned(run)))
            else:
                self.crew.begin(claimed, self._job(claimed, run.info.run_id if run else None))

    def _job(self, claimed: Claimed, run_id: str | None) -> Job:
        worker, name = self.worker, run_name({}, claimed.values).replace("\\", "\\\\").replace("'", "\\'")
        overrides = [
            *self._threads(),
            *worker.plan.overrides,
            *overrides_of(claimed.values),
            f"tracking.parent={worker.parent_id}",
            f"tracking.name='{name}'",
            *(f"++tracking.tags.{key}='{value}'" for key, value in self.trials.tags(claimed.number).items()),
        ]
        return Job(worker.hydra_context, worker.config, worker.folder, claimed.number, overrides, run_id)

    def _threads(self) -> list[str]:
        """The cores shared out among trials that run at once; the command line may say otherwise."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return [f"training.runtime.threads={max(1, cores // self.settings.slots)}"] if self.settings.slots > 1 else []

    def _after_epoch(self, claimed: Claimed, epoch: int, metrics: Mapping[str, float]) -> bool:
        self.progress.epoch(claimed, epoch, metrics)
        return self.study.report(claimed, epoch, metrics)

    def _at_the_end(self, claimed: Claimed, end: End) -> None:
        values = None if end.failure or end.pruned else self.settings.values(end.metrics or {})
        failure = end.failure or self._not_finite(values)
        if failure:
            self.trials.fail(claimed.number, failure)
            self.study.end(claimed, TrialState.FAIL, reason=failure)
            self.progress.ends(claimed, TrialState.FAIL, failure)
        elif end.pruned:
            self.study.end(claimed, TrialState.PRUNED)
            self.progress.ends(claimed, TrialState.PRUNED, "")
        else:
            self.study.end(claimed, TrialState.COMPLETE, values)
            self.progress.ends(claimed, TrialState.COMPLETE, self.settings.shown(values or []))

    def _not_finite(self, values: Sequence[float] | None) -> str:
        named = zip(self.settings.objective, values, strict=True) if values else ()
        wrong = [name for name, value in named if not math.isfinite(value)]
        return f"{', '.join(wrong)} is no finite number" if wrong else ""
