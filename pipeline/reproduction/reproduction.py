"""A run trained once more, and a verdict."""

import json
import tempfile
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from pipeline.config.build import trusted_of
from pipeline.config.names import Config
from pipeline.data.images import ImageData
from pipeline.errors import InputError
from pipeline.evaluation.evaluate import evaluate
from pipeline.metric_names import SPEED, is_of_epoch, under_current_names
from pipeline.models.vae import VAE
from pipeline.process.circumstances import circumstances, differences
from pipeline.reproduction.first_difference import DifferenceFinder, Enough, Recorded
from pipeline.reproduction.verdict import Verdict
from pipeline.runs.initial_weights import fresh_model
from pipeline.runs.loaded_run import data_of_record, finished_training
from pipeline.runs.record import facts, parameters
from pipeline.runs.recorded_config import recorded_config
from pipeline.runs.setup import Setup
from pipeline.runs.trained_vae import trained_vae
from pipeline.tracking.ended_run import amend
from pipeline.tracking.run_facts import curve
from pipeline.tracking.settings import store_of
from pipeline.tracking.store import MlflowRun, Store
from pipeline.tracking.tags import PRUNED, REUSED
from pipeline.training.fit import fit
from pipeline.training.progress import TrainingProgress

REPRODUCED = "reproduced"
"""Tag of a run that was: the latest verdict."""


def reproduce(config: Config, console: Console) -> Verdict:
    """Train the run that `config` names once more and compare.

    Raises:
        InputError: there is no such run, it did not end in good order, its record names targets of packages that are
            not trusted, or its data are gone.
    """
    trusted = trusted_of(config)
    store = store_of(config)
    run = _trained(store, str(config["run"]), console)
    record = _record(store, run, trusted, config["dataset_dir"])
    setup = Setup.from_config(record)
    data = data_of_record(setup.dataset)
    vae = fresh_model(setup, record.get("init"), data, partial(trained_vae, store, trusted=trusted))
    finder = DifferenceFinder(_recorded(store, run), stops_early=PRUNED in run.data.tags)
    _train(setup, vae, data, finder, console)
    if finder.goes_on:
        with console.status("Evaluating the model"):
            finder.compare(None, evaluate(vae, data, setup.evaluation).metrics())
    verdict = Verdict(
        run_id=run.info.run_id,
        name=str(run.info.run_name),
        epochs=finder.epochs,
        numbers=finder.numbers,
        difference=finder.difference,
        weights=_different_weights(trained_vae(store, run.info.run_id, trusted), vae) if finder.goes_on else None,
        changed=_changed(run, record, data),
    )
    _note(store, verdict)
    return verdict


def _note(store: Store, verdict: Verdict) -> None:
    amend(
        store,
        verdict.run_id,
        "reproductions",
        json.dumps(asdict(verdict) | circumstances(), indent=1),
        tags={REPRODUCED: str(verdict)},
    )


def _trained(store: Store, name: str, console: Console) -> MlflowRun:
    """Look up the run, or the one whose training it took over."""
    run = finished_training(store, name)
    source = run.data.tags.get(REUSED)
    if source:
        console.print(f"Taken over from run {source}, which is reproduced", highlight=False, soft_wrap=True)
        return store.run(source)
    return run


def _record(store: Store, run: MlflowRun, trusted: list[str], dataset_dir: str | None) -> Config:
    """Return the run's config with the data folder, the trusted packages and the threads to use."""
    record = recorded_config(store, run.info.run_id)
    record["trusted"] = trusted  # whatever whoever made the record says
    record["dataset"]["dir"] = dataset_dir or record["dataset"]["dir"]
    runtime = record["training"]["runtime"]
    if runtime["threads"] is None and "threads" in run.data.tags:
        # As many as the run had: the number of cores is nobody's setting, and the last bits follow it.
        runtime["threads"] = int(run.data.tags["threads"])
    return record


def _recorded(store: Store, run: MlflowRun) -> Recorded:
    """Return every recorded number of the run by epoch; those of the finished model have epoch None."""
    recorded: Recorded = {None: {}}
    for name, value in under_current_names(run.data.metrics).items():
        if not is_of_epoch(name):
            recorded[None][name] = value
        elif name != SPEED:
            for epoch, number in curve(store, run.info.run_id, name):
                recorded.setdefault(epoch, {})[name] = number
    if len(recorded) == 1:
        raise InputError(f"run={run.info.run_id}: no epoch is recorded to compare with: was it made by pipeline.train?")
    return recorded


def _train(setup: Setup, vae: VAE, data: ImageData, finder: DifferenceFinder, console: Console) -> None:
    epochs = setup.training.epochs
    with tempfile.TemporaryDirectory() as folder, TrainingProgress(epochs, console) as progress, suppress(Enough):
        fit(
            vae,
            data,
            setup.training,
            checkpoint=Path(folder) / "checkpoint.npz",
            listeners=[progress.epoch, finder.compare],
            callbacks=[progress],
        )
        finder.end()


def _different_weights(stored: Any, vae: VAE) -> int:
    pairs = zip(stored.learned, vae.learned, strict=True)
    return sum(int((np.asarray(before) != np.asarray(now)).sum()) for before, now in pairs)


def _changed(run: MlflowRun, record: Config, data: ImageData) -> list[str]:
    """Return as phrases what is recorded of the run and is not so now."""
    tags = run.data.tags
    now = facts(record, data)
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
    return [*data_and_seed, *settings, *differences(tags, circumstances(trusted_of(record))), *dirty]
