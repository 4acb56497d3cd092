"""One training from its config to its record: the settings are checked, then data, model, run, evaluation, pictures."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from pipeline.build import build
from pipeline.config import Config, flatten
from pipeline.data.batches import pixels
from pipeline.data.dataset import Dataset
from pipeline.data.images import ImageData
from pipeline.errors import InputError, Interrupted
from pipeline.evaluation import Evaluation, evaluate
from pipeline.models.architecture import Architecture
from pipeline.models.likelihood import Likelihood
from pipeline.models.objective import Objective
from pipeline.models.vae import VAE, assemble
from pipeline.pictures import Pictures
from pipeline.runtime import circumstances
from pipeline.tracking import run as runs
from pipeline.tracking.store import MLRUNS, Store, Tracking
from pipeline.training.fit import fit
from pipeline.training.progress import TrainingProgress
from pipeline.training.settings import Training

CHECKPOINTS = MLRUNS / "checkpoints"
PARTS = {
    "dataset": Dataset,
    "model": Architecture,
    "likelihood": Likelihood,
    "objective": Objective,
    "training": Training,
    "tracking": Tracking,
}


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """The settings of one training, each checked for type and range."""

    dataset: Dataset
    model: Architecture
    likelihood: Likelihood
    objective: Objective
    training: Training
    tracking: Tracking

    @classmethod
    def from_config(cls, config: Config) -> "Experiment":
        """Build every part that a composed config describes.

        Raises:
            InputError: naming the key, the value and the cure.
        """
        trusted = config["trusted"]
        # Threads and precision must be set before the other parts make their first variables.
        build(config["training"]["runtime"], "training.runtime", trusted).apply()
        return cls(**{name: build(config[name], name, trusted, wanted=wanted) for name, wanted in PARTS.items()})

    def model_for(self, data: ImageData) -> VAE:
        """The model with fresh weights."""
        return assemble(
            architecture=self.model,
            likelihood=self.likelihood,
            objective=self.objective,
            image_shape=data.image_shape,
            seed=self.training.seed,
        )


@dataclass(frozen=True)
class Outcome:
    """What a finished run came to."""

    run_id: str
    run_name: str
    epochs: int
    evaluation: Evaluation
    store: Store


def train(config: Config, *, name: str, console: Console, resume: str | None = None) -> Outcome:
    """Train what the config describes and record it as one run.

    Args:
        config: composed and resolved.
        name: of the run.
        console: where progress is shown.
        resume: id of an interrupted run to go on with, whose config this is.
    """
    experiment = Experiment.from_config(config)
    store = experiment.tracking.connect()
    data = experiment.dataset.load()
    vae = experiment.model_for(data)
    with _open(experiment.tracking, store, name, resume) as run:
        console.print(f"run [bold]{run.name}[/bold] ({run.id})", highlight=False)
        _record_settings(run, config, data, vae)
        return _train(run, experiment, data, vae, console)


def resume(run_id: str, config: Config, *, console: Console) -> Outcome:
    """Go on with an interrupted run, exactly as it would have gone on by itself.

    Args:
        run_id: of the run.
        config: says where runs are kept; everything else comes from the record.
        console: where progress is shown.

    Raises:
        InputError: there is no such run, it is not interrupted, or its checkpoint is gone.
    """
    store = build(config["tracking"], "tracking", wanted=Tracking).connect()
    if not checkpoint_of(run_id).exists():
        status = store.run(run_id).info.status
        raise InputError(
            f"resume={run_id}: this run ({status}) has no checkpoint here. It was finished, ended before its first epoch "
            "did, or trained on another machine. Train it anew"
        )
    recorded = yaml.safe_load(store.artifact_text(run_id, "config.yaml"))
    recorded["tracking"]["uri"] = config["tracking"]["uri"]
    return train(recorded, name="", console=console, resume=run_id)


def report(outcome: Outcome, console: Console) -> None:
    """Tell a person what a run came to and how to see it."""
    test = outcome.evaluation
    console.print(
        f"\n[bold green]done[/bold green] {outcome.run_name}: {outcome.epochs} epochs\n"
        f"  test ELBO {test.elbo:.2f} nats (rate {test.rate:.2f}, distortion {test.distortion:.2f}), MSE {test.mse:.4f}\n"
        f"  run {outcome.run_id}\n"
        f"  see it with: make ui",
        highlight=False,
    )


def checkpoint_of(run_id: str) -> Path:
    """The file from which an interrupted run goes on."""
    return CHECKPOINTS / f"{run_id}.npz"


def _open(tracking: Tracking, store: Store, name: str, resume: str | None) -> AbstractContextManager[runs.Run]:
    if resume:
        return runs.reopen(store, resume)
    return runs.start(store, tracking.experiment, name, circumstances())


def _record_settings(run: runs.Run, config: Config, data: ImageData, vae: VAE) -> None:
    run.params(flatten({name: config[name] for name in PARTS}))
    run.tags({"data_fingerprint": data.fingerprint, "seed": str(config["training"]["seed"])})
    run.params({"model.parameters": vae.count_params()})
    run.text("config.yaml", yaml.safe_dump(config, sort_keys=False))
    run.data(data)


def _train(run: runs.Run, experiment: Experiment, data: ImageData, vae: VAE, console: Console) -> Outcome:
    settings = experiment.training
    pictures = Pictures(vae, data, settings.seed)
    progress = TrainingProgress(settings.epochs, console)
    checkpoint = checkpoint_of(run.id)
    reached: dict[str, float] = {}

    def record(epoch: int, metrics: dict[str, float]) -> None:
        reached.update(metrics, epoch=epoch)
        run.metrics(epoch, metrics)
        if epoch in (*experiment.tracking.picture_epochs, settings.epochs):
            _record_cards(run, pictures, epoch)

    try:
        history = fit(vae, data, settings, checkpoint=checkpoint, listeners=[progress, record], callbacks=[progress])
        progress.close()
        outcome = _conclude(run, experiment, data, vae, pictures, history)
    except Interrupted:
        run.describe(_interrupted(run.id, reached, checkpoint))
        raise
    finally:
        progress.close()
    checkpoint.unlink(missing_ok=True)
    return outcome


def _conclude(
    run: runs.Run,
    experiment: Experiment,
    data: ImageData,
    vae: VAE,
    pictures: Pictures,
    history: dict[str, list[float]],
) -> Outcome:
    evaluation = evaluate(vae, data.test.images, seed=experiment.training.seed)
    epochs = len(history["val/loss"])
    run.summary(evaluation.metrics("test"))
    for name, figure in pictures.final(history).items():
        run.figure(name, figure)
    run.model(vae, pixels(data.test.images[:2]))
    outcome = Outcome(run.id, run.name, epochs, evaluation, run.store)
    run.describe(_description(outcome, history))
    return outcome


def _record_cards(run: runs.Run, pictures: Pictures, epoch: int) -> None:
    for key, card in pictures.cards().items():
        run.image(key, card, epoch)


def _description(outcome: Outcome, history: Mapping[str, list[float]]) -> str:
    best = min(history["val/loss"])
    rows = "\n".join(f"| {name} | {value:.4g} |" for name, value in outcome.evaluation.metrics("test").items())
    return (
        f"{outcome.epochs} epochs; best val/loss **{best:.2f}** after epoch {history['val/loss'].index(best) + 1}.\n\n"
        f"| test | nats per image |\n| --- | --- |\n{rows}"
    )


def _interrupted(run_id: str, reached: Mapping[str, Any], checkpoint: Path) -> str:
    if not checkpoint.exists():
        return "**Interrupted** before the first epoch ended; nothing to resume."
    return (
        f"**Interrupted** after epoch {reached.get('epoch', 0):.0f}, val/loss {reached.get('val/loss', float('nan')):.2f}. "
        f"Go on with `python -m pipeline.train resume={run_id}`"
    )
