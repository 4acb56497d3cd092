"""Trains trials of a study, several at once, until none is left."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra.types import HydraContext
from omegaconf import DictConfig
from optuna.trial import TrialState

from pipeline.address import Address
from pipeline.config.composition import where_it_was_typed
from pipeline.config.names import quoted
from pipeline.errors import InputError
from pipeline.metric_names import under_current_names
from pipeline.process.interruption import listen
from pipeline.sweep.space.space import overrides_of
from pipeline.sweep.study.plan import Claimed, Plan
from pipeline.sweep.study.study import Study
from pipeline.sweep.workers.pool import Pool
from pipeline.sweep.workers.progress import Progress
from pipeline.sweep.workers.trial_process import End, Job
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
    uri: Address

    def __call__(self, _: DictConfig) -> None:
        """Work until nothing is left.

        Raises:
            Interrupted: by a signal; what was being trained waits for whoever goes on.
        """
        listen()
        where_it_was_typed()
        _Work(self).until_none_is_left()


class _Work:
    """What a worker has in hand: claimed trials, and of each the trainings that are done."""

    def __init__(self, worker: Worker) -> None:
        self.worker, self.settings = worker, worker.plan.settings
        self.study = Study(worker.plan)
        self.trials = Trials(Store(worker.uri), self.settings.study, worker.parent_id)
        self.progress = Progress(self.study, worker.config.training.epochs)
        self.pool = Pool(self.settings.slots, self.settings.trial_timeout)
        self.done: dict[Claimed, list[Mapping[str, float]]] = {}

    def until_none_is_left(self) -> None:
        try:
            with self.progress:
                while not self.study.over:
                    self._claim_some()
                    self.pool.attend(self._after_epoch, self._after_training)
                    self.study.owners.beat(claimed.id for claimed in self.done)
        finally:
            self.pool.dismiss()
            for claimed in self.done:
                self.study.end(claimed, TrialState.WAITING)

    def _claim_some(self) -> None:
        while self.pool.has_room and (claimed := self.study.claim()):
            self.done[claimed] = []
            self.progress.begins(claimed)
            self._go_on(claimed)

    def _go_on(self, claimed: Claimed) -> None:
        """Begin the next training of a trial, or end the trial after its last."""
        done = self.done[claimed]
        while len(done) < self.settings.replicates:
            run = self.trials.run_of(claimed.number, self._replicate(claimed))
            if not run or run.info.status != "FINISHED":
                self.pool.begin(claimed, self._job(claimed, run.info.run_id if run else None))
                return
            if was_pruned(run):  # and then its worker died, before it could say so
                self._end(claimed, TrialState.PRUNED)
                return
            done.append(under_current_names(run.data.metrics))
        self._conclude(claimed)

    def _replicate(self, claimed: Claimed) -> int | None:
        return len(self.done[claimed]) if self.settings.replicates > 1 else None

    def _job(self, claimed: Claimed, run_id: str | None) -> Job:
        worker, replicate = self.worker, self._replicate(claimed)
        name, tags = claimed.name, self.trials.tags(claimed.number, replicate)
        parent_id = worker.parent_id if replicate is None else self.trials.opened(claimed.number, name)
        seed = worker.config.training.seed + (replicate or 0)
        overrides = [
            *self._threads(),
            *worker.plan.overrides,
            *overrides_of(claimed.values),
            *([f"training.seed={seed}"] if replicate else []),
            f"tracking.experiment={quoted(worker.config.tracking.experiment)}",  # the study's, also of other data
            f"tracking.parent={parent_id}",
            f"tracking.name={quoted(name if replicate is None else f'{name} seed={seed}')}",
            *(f"++tracking.tags.{key}={quoted(tag)}" for key, tag in tags.items()),
            *(f"++tracking.params={{{key}: {value}}}" for key, value in claimed.values.items() if "/" in key),
        ]
        return Job(worker.hydra_context, worker.config, worker.folder, claimed.number, overrides, run_id)

    def _threads(self) -> list[str]:
        """The cores shared out among trials that run at once; the command line may say otherwise."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return [f"training.runtime.threads={max(1, cores // self.settings.slots)}"] if self.settings.slots > 1 else []

    def _after_epoch(self, claimed: Claimed, epoch: int, metrics: Mapping[str, float]) -> bool:
        self.progress.epoch(claimed, epoch, metrics)
        return not self.done[claimed] and self.study.report(claimed, epoch, metrics)  # the first replicate decides

    def _after_training(self, claimed: Claimed, end: End) -> None:
        if end.failure:
            self._fail(claimed, end.failure)
        elif end.pruned:
            self._end(claimed, TrialState.PRUNED)
        else:
            self.done[claimed].append(end.metrics or {})
            self._go_on(claimed)

    def _conclude(self, claimed: Claimed) -> None:
        settings = self.settings
        try:
            summary = settings.summary(self.done[claimed])
        except InputError as error:
            self._fail(claimed, str(error))
            return
        if len(settings.objective) > 1:
            self.study.note(claimed, {settings.prune_by: summary.merit})
        if settings.replicates > 1:
            means = dict(zip(settings.objective, summary.means, strict=True))
            spreads = dict(zip([f"{name}_std" for name in settings.objective], summary.spreads, strict=True))
            self.trials.close(claimed.number, means | spreads)
            self.study.note(claimed, spreads)
        self._end(claimed, TrialState.COMPLETE, summary.means)

    def _fail(self, claimed: Claimed, reason: str) -> None:
        self.trials.fail(claimed.number, self._replicate(claimed), reason)
        self._end(claimed, TrialState.FAIL, reason=reason)

    def _end(
        self, claimed: Claimed, state: TrialState, values: Sequence[float] | None = None, reason: str = ""
    ) -> None:
        self.study.end(claimed, state, values, reason)
        self.progress.ends(claimed, state, reason or (self.settings.shown(values) if values else ""))
        del self.done[claimed]
