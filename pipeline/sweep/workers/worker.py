"""A worker claims trials of a study and has them trained, several at once, until none is left."""

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
from pipeline.sweep.replicates import aggregate
from pipeline.sweep.space.space import overrides_of
from pipeline.sweep.study.claimed_trial import ClaimedTrial
from pipeline.sweep.study.plan import Plan
from pipeline.sweep.study.study import Study
from pipeline.sweep.workers.messages import End, Job
from pipeline.sweep.workers.pool import Pool
from pipeline.sweep.workers.progress import Progress
from pipeline.tracking.store import Store
from pipeline.tracking.trials import Trials, was_pruned


@dataclass(frozen=True)
class Worker:
    """A worker is the task function that a launcher of Hydra starts; it can be sent to another process or machine.

    Attributes:
        plan: the plan of the study.
        hydra_context: what Hydra composes the configs of trials with.
        hydra_config: the config of the command with Hydra's own keys.
        folder: the folder of the study's jobs.
        parent_id: the id of the study's run.
        uri: the address of the tracking store.
    """

    plan: Plan
    hydra_context: HydraContext
    hydra_config: DictConfig
    folder: Path
    parent_id: str
    uri: Address

    def __call__(self, _: DictConfig) -> None:
        """Work until no trial is left.

        Raises:
            Interrupted: a signal stopped the worker; its trials wait for whoever goes on.
        """
        listen()
        where_it_was_typed()
        _WorkerLoop(self).train_until_none_is_left()


class _WorkerLoop:
    """The loop of a worker: it claims trials, and keeps of each the metrics of its trained replicates."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.settings = worker.plan.settings
        self.study = Study(worker.plan)
        self.trials = Trials(Store(worker.uri), self.settings.study, worker.parent_id)
        self.progress = Progress(self.study, worker.hydra_config.training.epochs)
        self.pool = Pool(self.settings.slots, self.settings.trial_timeout)
        self.replicates: dict[ClaimedTrial, list[Mapping[str, float]]] = {}

    def train_until_none_is_left(self) -> None:
        try:
            with self.progress:
                while not self.study.is_over:
                    self._claim_some()
                    self.pool.attend(self._after_epoch, self._after_training)
                    self.study.leases.renew(claimed.id for claimed in self.replicates)
        finally:
            self.pool.dismiss()
            for claimed in self.replicates:
                self.study.end(claimed, TrialState.WAITING)

    def _claim_some(self) -> None:
        while self.pool.has_room and (claimed := self.study.claim()):
            self.replicates[claimed] = []
            self.progress.begins(claimed)
            self._go_on(claimed)

    def _go_on(self, claimed: ClaimedTrial) -> None:
        """Begin the next replicate of a trial, or end the trial after its last."""
        trained = self.replicates[claimed]
        while len(trained) < self.settings.replicates:
            run = self.trials.run_of(claimed.number, self._replicate(claimed))
            if not run or run.info.status != "FINISHED":
                self.pool.begin(claimed, self._job(claimed, run.info.run_id if run else None))
                return
            if was_pruned(run):  # its worker died before it ended the trial
                self._end(claimed, TrialState.PRUNED)
                return
            trained.append(under_current_names(run.data.metrics))
        self._complete(claimed)

    def _replicate(self, claimed: ClaimedTrial) -> int | None:
        """Give the number of the replicate that is trained now, from 0; None where trials have one training each."""
        return len(self.replicates[claimed]) if self.settings.replicates > 1 else None

    def _job(self, claimed: ClaimedTrial, run_id: str | None) -> Job:
        worker = self.worker
        replicate = self._replicate(claimed)
        tags = self.trials.tags(claimed.number, replicate)
        parent_id = worker.parent_id if replicate is None else self.trials.opened(claimed.number, claimed.name)
        seed = worker.hydra_config.training.seed + (replicate or 0)
        name = claimed.name if replicate is None else f"{claimed.name} seed={seed}"
        overrides = [
            *self._threads(),
            *worker.plan.overrides,
            *overrides_of(claimed.point),
            *([f"training.seed={seed}"] if replicate else []),
            f"tracking.experiment={quoted(worker.hydra_config.tracking.experiment)}",  # the study's, also of other data
            f"tracking.parent={parent_id}",
            f"tracking.name={quoted(name)}",
            *(f"++tracking.tags.{key}={quoted(tag)}" for key, tag in tags.items()),
            *(f"++tracking.params={{{key}: {value}}}" for key, value in claimed.point.items() if "/" in key),
        ]
        return Job(worker.hydra_context, worker.hydra_config, worker.folder, claimed.number, overrides, run_id)

    def _threads(self) -> list[str]:
        """Share the cores among trials that are trained at once, unless the command line sets the number of threads."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return [f"training.runtime.threads={max(1, cores // self.settings.slots)}"] if self.settings.slots > 1 else []

    def _after_epoch(self, claimed: ClaimedTrial, epoch: int, metrics: Mapping[str, float]) -> bool:
        self.progress.epoch(claimed, epoch, metrics)
        return not self.replicates[claimed] and self.study.report(
            claimed, epoch, metrics
        )  # the first replicate decides

    def _after_training(self, claimed: ClaimedTrial, end: End) -> None:
        if end.failure:
            self._fail(claimed, end.failure)
        elif end.pruned:
            self._end(claimed, TrialState.PRUNED)
        else:
            self.replicates[claimed].append(end.metrics or {})
            self._go_on(claimed)

    def _complete(self, claimed: ClaimedTrial) -> None:
        settings = self.settings
        try:
            result = aggregate(settings, self.replicates[claimed])
        except InputError as error:
            self._fail(claimed, str(error))
            return
        if len(settings.objective) > 1:
            self.study.note(claimed, {settings.prune_by: result.prune_by})
        if settings.replicates > 1:
            means = dict(zip(settings.objective, result.means, strict=True))
            names = [f"{name}_std" for name in settings.objective]
            deviations = dict(zip(names, result.standard_deviations, strict=True))
            self.trials.close(claimed.number, means | deviations)
            self.study.note(claimed, deviations)
        self._end(claimed, TrialState.COMPLETE, result.means)

    def _fail(self, claimed: ClaimedTrial, reason: str) -> None:
        self.trials.fail(claimed.number, self._replicate(claimed), reason)
        self._end(claimed, TrialState.FAIL, reason=reason)

    def _end(
        self, claimed: ClaimedTrial, state: TrialState, values: Sequence[float] | None = None, reason: str = ""
    ) -> None:
        self.study.end(claimed, state, values, reason)
        self.progress.ends(claimed, state, reason or (self.settings.shown(values) if values else ""))
        del self.replicates[claimed]
