"""A run trained once more from its record alone, and what came out otherwise, if anything did."""

import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from mlflow.entities import Run as MlflowRun
from rich.console import Console

from pipeline.build import check_value
from pipeline.config import Config
from pipeline.data.images import ImageData
from pipeline.errors import InputError
from pipeline.evaluation import evaluate
from pipeline.experiment import Experiment
from pipeline.models.vae import VAE
from pipeline.record import facts, parameters
from pipeline.runtime import circumstances, differences
from pipeline.settings import Text
from pipeline.tracking.run import amend
from pipeline.tracking.settings import Uri
from pipeline.tracking.store import PRUNED, REUSED, Store
from pipeline.training.fit import fit
from pipeline.training.progress import TrainingProgress
from pipeline.training_run import fresh_model

REPRODUCED = "reproduced"
"""Tag of a run that was: the latest verdict."""
SPEEDS = ("train/images_per_second",)
Recorded = dict[int | None, dict[str, float]]
"""Numbers by name, by epoch."""


class Enough(Exception):  # noqa: N818 — no mistake
    """There is no more to compare."""


@dataclass(frozen=True)
class Difference:
    """The first number that came out otherwise.

    Attributes:
        epoch: counted from 1; None for a number of the finished model.
        metric: its name.
        before, now: in the record, and in the reproduction.
    """

    epoch: int | None
    metric: str
    before: float
    now: float

    def __str__(self) -> str:
        where = "of the finished model" if self.epoch is None else f"of epoch {self.epoch}"
        by = self.now - self.before
        share = f", {abs(by / self.before):.1g} of it" if self.before and math.isfinite(by) else ""
        return f"{self.metric} {where} is {self.before!r} in the record and {self.now!r} now: {by:+.3g}{share}"


class Comparison:
    """Compares a training with its record as it goes on, and ends it where they part.

    Args:
        recorded: the numbers of each epoch.
        stops_early: whether the training was ended before its time, by its study.
    """

    def __init__(self, recorded: Recorded, *, stops_early: bool) -> None:
        self.recorded, self.stops_early = recorded, stops_early
        self.epochs = self.numbers = 0
        self.difference: Difference | None = None

    @property
    def goes_on(self) -> bool:
        """Whether there is a finished model to compare, after epochs that were the same."""
        return self.difference is None and not self.stops_early

    def compare(self, epoch: int | None, metrics: Mapping[str, float]) -> None:
        """Compare the numbers of an epoch, or of the finished model.

        Raises:
            Enough: there is no more to compare.
        """
        self.epochs = epoch or self.epochs
        recorded = self.recorded.get(epoch, {})
        for name, value in metrics.items():
            if name not in recorded:
                continue
            if recorded[name] != value and not (math.isnan(recorded[name]) and math.isnan(value)):
                self.difference = Difference(epoch, name, recorded[name], value)
                break
            self.numbers += 1
        if epoch and (self.difference or (self.stops_early and epoch == self._last)):
            raise Enough

    def end(self) -> None:
        """Note that the training ended: with another number of epochs than before, if it did."""
        if self.epochs < self._last:
            name, before = next(iter(self.recorded[self.epochs + 1].items()))
            self.difference = Difference(self.epochs + 1, name, before, math.nan)

    @property
    def _last(self) -> int:
        return max(epoch for epoch in self.recorded if epoch)


@dataclass(frozen=True)
class Verdict:
    """What a reproduction came to.

    Attributes:
        run_id, name: of the run.
        epochs: that were trained again.
        numbers: how many were compared.
        difference: the first that differs; None if none does.
        weights: how many weights of the stored model differ; None if there was no model to compare.
        changed: circumstances that are not as they were, each as a phrase.
    """

    run_id: str
    name: str
    epochs: int
    numbers: int
    difference: Difference | None
    weights: int | None
    changed: Sequence[str]

    @property
    def is_identical(self) -> bool:
        """Whether every number and every weight came out as it was, to the last bit."""
        return self.difference is None and not self.weights

    def __str__(self) -> str:
        if self.is_identical:
            model = "" if self.weights is None else " and all weights of the model"
            return f"bit-identical: {self.numbers} numbers of {self.epochs} epochs{model}"
        what = self.difference or f"{self.weights} weights of the model differ, and no number"
        return f"not the same: {what}"

    def report(self, console: Console) -> None:
        """Tell a person."""
        colour = "green" if self.is_identical else "red"
        console.print(f"\n[bold]{self.name}[/bold], run {self.run_id}", highlight=False, soft_wrap=True)
        console.print(f"[{colour}]{self}[/{colour}]", highlight=False, soft_wrap=True)
        for phrase in self.changed:
            console.print(f"  {phrase}", highlight=False, soft_wrap=True)
        if not self.is_identical and not self.changed:
            console.print("  No recorded circumstance differs", highlight=False)


def reproduce(config: Config, console: Console) -> Verdict:
    """Train the run that `config` names once more and compare.

    Raises:
        InputError: there is no such run, it did not end in good order, its record names targets of packages that are
            not trusted, or its data are gone.
    """
    trusted = check_value(config["trusted"], list[Text], "trusted")
    store = Store(check_value(config["tracking"]["uri"], Uri, "tracking.uri"))
    run = _trained(store, store.id_of(str(config["run"])), console)
    record = yaml.safe_load(store.artifact_text(run.info.run_id, "config.yaml"))
    record["trusted"] = trusted  # of the user, not of whoever made the record
    record["dataset"]["dir"] = config["dataset_dir"] or record["dataset"]["dir"]
    _as_many_threads(record, run)
    experiment = Experiment.from_config(record)
    data = experiment.dataset.load()
    vae = fresh_model(experiment, record.get("init"), data, store)
    comparison = Comparison(_recorded(store, run), stops_early=PRUNED in run.data.tags)
    _train(experiment, vae, data, comparison, console)
    if comparison.goes_on:
        comparison.compare(None, evaluate(vae, data, experiment.evaluation).metrics())
    verdict = Verdict(
        run.info.run_id,
        str(run.info.run_name),
        comparison.epochs,
        comparison.numbers,
        comparison.difference,
        _different_weights(store.model(run.info.run_id), vae) if comparison.goes_on else None,
        _changed(run, record, data),
    )
    amend(
        store,
        verdict.run_id,
        "reproductions",
        json.dumps(asdict(verdict) | circumstances(), indent=1),
        tags={REPRODUCED: str(verdict)},
    )
    return verdict


def _trained(store: Store, run_id: str, console: Console) -> MlflowRun:
    """The run, or the one whose training it took over."""
    run = store.run(run_id)
    if children := store.children(run_id):
        names = ", ".join(f"{child.info.run_name} ({child.info.run_id})" for child in children)
        raise InputError(f"run={run_id}: this run holds several trainings. Name one of: {names}")
    if run.info.status != "FINISHED":
        raise InputError(
            f"run={run_id}: this run is {run.info.status}; wanted one that is finished. An interrupted one goes on "
            f"with: python -m pipeline.train resume={run_id}"
        )
    source = run.data.tags.get(REUSED)
    if source:
        console.print(f"Taken over from run {source}, which is reproduced", highlight=False, soft_wrap=True)
        return store.run(source)
    return run


def _as_many_threads(record: Config, run: MlflowRun) -> None:
    """Ask for as many threads as the run had: the number of cores is nobody's setting, and the last bits follow it."""
    runtime = record["training"]["runtime"]
    if runtime["threads"] is None and "threads" in run.data.tags:
        runtime["threads"] = int(run.data.tags["threads"])


def _recorded(store: Store, run: MlflowRun) -> Recorded:
    """Every number of the run by epoch, those of the finished model without one."""
    recorded: Recorded = {None: {}}
    for name, value in run.data.metrics.items():
        if not name.startswith(("train/", "val/")):
            recorded[None][name] = value
        elif name not in SPEEDS:
            for point in store.client.get_metric_history(run.info.run_id, name):
                recorded.setdefault(point.step, {})[name] = point.value
    if len(recorded) == 1:
        raise InputError(f"run={run.info.run_id}: no epoch is recorded to compare with: was it made by pipeline.train?")
    return recorded


def _train(experiment: Experiment, vae: VAE, data: ImageData, comparison: Comparison, console: Console) -> None:
    epochs = experiment.training.epochs
    with tempfile.TemporaryDirectory() as folder, TrainingProgress(epochs, console) as progress, suppress(Enough):
        fit(
            vae,
            data,
            experiment.training,
            checkpoint=Path(folder) / "checkpoint.npz",
            listeners=[progress.epoch, comparison.compare],
            callbacks=[progress],
        )
        comparison.end()


def _different_weights(stored: Any, vae: VAE) -> int:
    pairs = zip(stored.learned, vae.learned, strict=True)
    return sum(int((np.asarray(before) != np.asarray(now)).sum()) for before, now in pairs)


def _changed(run: MlflowRun, record: Config, data: ImageData) -> list[str]:
    """What is recorded of the run and is not so now."""
    tags, now = run.data.tags, facts(record, data)
    data_and_seed = [
        f"{name.replace('_', ' ')} was {tags[name][:12]}, is {value[:12]}"
        for name, value in now.items()
        if name in tags and tags[name] != value
    ]
    settings = [
        f"{key} was {run.data.params[key]}, is {value}"
        for key, value in parameters(record).items()
        if run.data.params.get(key, value) != value and not key.startswith("training.runtime")
    ]
    dirty = ["the checkout had uncommitted changes then"] if tags.get("dirty") == "true" else []
    return [*data_and_seed, *settings, *differences(tags, circumstances()), *dirty]
