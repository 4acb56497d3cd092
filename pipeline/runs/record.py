"""What a training leaves in its run: settings at the start, numbers and pictures on the way, the result at the end."""

from functools import partial

import numpy as np

from pipeline import figures
from pipeline.config.names import Config, flatten, shown
from pipeline.data.batches import as_floats
from pipeline.data.images import ImageData
from pipeline.evaluation.evaluation import Evaluation
from pipeline.evaluation.settings import EvaluationSettings
from pipeline.metric_names import LOSS, of_epoch
from pipeline.models.vae import VAE
from pipeline.pictures.gallery import Gallery
from pipeline.pictures.snapshots import Snapshots
from pipeline.runs.recorded_config import record_config
from pipeline.text.markdown import literal, table
from pipeline.text.wording import counted
from pipeline.tracking.comparability import made_by
from pipeline.tracking.run import Run
from pipeline.tracking.tags import FEATURE_NETWORK, FINGERPRINT, NO_BOUND
from pipeline.training.checkpoint import History

GROUPS = ("dataset", "model", "likelihood", "objective", "training")
"""Groups whose values are a run's parameters. The UI lists them all above each picture, so nothing more than these."""
KINDS = ("model", "likelihood", "objective", "training.optimizer", "training.schedule")
"""What has its class as a parameter too, such as `model=Conv`."""


class Recorder:
    """Writes one training into one run; called after each epoch.

    Args:
        run: open for recording.
        data: trained on.
        gallery: of the model.
        snapshots: of the course of the training, if its pictures are asked for.
    """

    def __init__(self, run: Run, data: ImageData, gallery: Gallery, snapshots: Snapshots | None) -> None:
        self.run = run
        self.data = data
        self.gallery = gallery
        self.snapshots = snapshots
        self._card_epochs = gallery.settings.epochs

    def begin(self, config: Config, vae: VAE) -> None:
        """Record settings, data and network, and pictures of the untrained model."""
        size = {"model.parameters": vae.encoder.count_params() + vae.decoder.count_params()}
        self.run.params(parameters(config) | size | config["tracking"]["params"])
        self.run.tags(facts(config, self.data))
        record_config(self.run, config)
        self.run.file("model.txt", vae.text_summary())
        self.run.data(self.data)
        for name, draw in self.gallery.before().items():
            self.run.picture(name, draw)
        self._show(0)

    def __call__(self, epoch: int, metrics: dict[str, float]) -> None:
        """Record an epoch, counted from 1."""
        self.run.metrics(epoch, metrics)
        self._show(epoch)

    def keep(self, vae: VAE) -> None:
        """Store the trained model, before anything else that might fail and cost it."""
        first = self.data.test.take(np.arange(min(2, len(self.data.test))))
        names = {"classes": np.array(vae.class_names)[first.labels]} if vae.conditional else {}
        self.run.model(vae, {"images": as_floats(first.images)} | names)

    def conclude(self, history: History, evaluation: Evaluation, settings: EvaluationSettings) -> None:
        """Record the scores of the trained model and by what settings they were made, then its pictures."""
        self.run.summary(evaluation.metrics())
        made = {f"evaluation.{key}": shown(value) for key, value in vars(settings).items()}
        made |= {FEATURE_NETWORK: evaluation.feature_network} if evaluation.feature_network else {}
        no_bound = {} if evaluation.has_bound else {NO_BOUND: "latents without noise"}
        self.run.tags(no_bound | {key: made[key] for name in evaluation.metrics() for key in made_by(name)})
        if evaluation.images:
            self.run.file(evaluation.images.name, evaluation.images.parquet)
        self.run.describe(_result(history, evaluation, self.gallery.vae.objective.schedule.final_from))
        epochs = len(history[LOSS])
        if self._card_epochs and epochs not in self._card_epochs:
            self._epoch_cards(epochs)
        # The UI's slider starts at step 0: with that step alone, these cards need no sliding.
        for name, card in self.gallery.cards(getattr(self.data, evaluation.split)).items():
            self.run.card(f"{evaluation.split}/{name}", 0, card)
        for name, draw in self.gallery.after(history, self.snapshots).items():
            self.run.picture(name, draw)
        if self.snapshots:
            self.snapshots.forget()

    def _show(self, epoch: int) -> None:
        if self.snapshots:
            self.run.drawn(f"the snapshot of epoch {epoch}", partial(self.snapshots.keep, epoch))
        if epoch in self._card_epochs or (epoch == 0 and self._card_epochs):
            self._epoch_cards(epoch)

    def _epoch_cards(self, epoch: int) -> None:
        for name, draw in self.gallery.cards(self.data.validation).items():
            self.run.card(of_epoch("validation", name), epoch, draw)


def facts(config: Config, data: ImageData) -> dict[str, str]:
    """Return the tags by which a training is found: the fingerprint of its data, and its seed."""
    return {FINGERPRINT: data.fingerprint, "seed": str(config["training"]["seed"])}


def parameters(config: Config) -> dict[str, str]:
    """Return the parameters of a run: settings by dotted names, and the classes of `KINDS`."""
    groups = {name: config[name] for name in GROUPS}
    targets = flatten(groups, targets=True)
    kinds = {name: targets[f"{name}._target_"].rpartition(".")[2] for name in KINDS}
    return kinds | {
        key: shown(value)
        for key, value in flatten(groups).items()
        if not key.startswith(("dataset.source.", "dataset.dir"))
    }


def _result(history: History, evaluation: Evaluation, final_from: int | None) -> str:
    losses = history[LOSS]
    best = figures.best_epoch(history, final_from)
    of_best = f", best validation loss **{losses[best - 1]:.2f}** nats after epoch {best}" if best else ""
    rows = [("", ""), *((literal(name), f"{value:.5g}") for name, value in evaluation.labelled().items())]
    return "\n\n".join(
        (
            *([f"**{evaluation.warning}**"] if evaluation.warning else []),
            f"{counted(len(losses), 'epoch')}{of_best}. On the {evaluation.split} split:",
            table(rows, align=("---", "---:")),
        )
    )
