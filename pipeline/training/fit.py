"""The training of a VAE by Keras' `fit`, with callbacks for the order of images, schedules, checkpoints and reports."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from pipeline.data.batches import TrainingBatches, batches_in_order
from pipeline.data.images import ImageData
from pipeline.errors import InputError
from pipeline.models.objectives.objective import Objective
from pipeline.models.objectives.weight_schedule import ByRate
from pipeline.models.vae import VAE
from pipeline.process.interruption import raise_if_interrupted
from pipeline.training.checkpoint import Checkpoint, History
from pipeline.training.epoch_report import EpochListener, EpochReport
from pipeline.training.settings import TrainingSettings

VALIDATION_BATCH = 100
"""The least images in a batch of validation, which needs no gradients, so that larger batches save time."""


class NonFiniteLoss(InputError):  # noqa: N818 — an error by its parent's name
    """The loss became infinite or NaN."""


def fit(
    vae: VAE,
    data: ImageData,
    settings: TrainingSettings,
    *,
    checkpoint: Path,
    listeners: Sequence[EpochListener] = (),
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> History:
    """Train the model until the epochs or the patience are used up.

    The model is left with its best weights if the settings have a patience, otherwise with its last. Of a schedule that
    moves a weight of the objective, only epochs count in which the weight is what it is set to.

    Args:
        vae: the model, which is compiled and trained.
        data: training and validation images.
        settings: of the training.
        checkpoint: a file that is written after each epoch; the training goes on from it if it exists.
        listeners: called after each epoch with its metrics.
        callbacks: further callbacks of Keras.

    Returns:
        Every metric after each epoch, also of the epochs before a resumption.

    Raises:
        NonFiniteLoss: the message names epoch, step and the settings that may help.
    """
    order = TrainingBatches(
        data.train.images,
        batch_size=settings.batch_size,
        seed=settings.seed,
        binarise=data.drawn_each_epoch,
        labels=data.train.labels if vae.conditional else None,
    )
    vae.population = len(data.train)
    compile_(vae, settings, steps_per_epoch=int(order.dataset.cardinality()))
    history: History = {}
    stopping = _early_stopping(settings, vae.objective)
    saver = Checkpoint(checkpoint, history, stopping)
    saver.restore(vae)
    report = EpochReport(vae, len(data.train), [_recorder(history), *listeners])
    watching = [Stop(), FiniteLoss(settings)]
    parts = [order, WeightSchedules(), *watching, *([stopping] if stopping else []), report, saver, *callbacks]
    vae.fit(
        order.dataset,
        validation_data=_validation_batches(vae, data, max(settings.batch_size, VALIDATION_BATCH)),
        initial_epoch=saver.epochs_done,
        epochs=saver.epochs_done if saver.finished else settings.epochs,
        callbacks=parts,
        verbose=0,
        shuffle=False,  # TrainingBatches has shuffled the images already
    )
    return history


def _validation_batches(vae: VAE, data: ImageData, batch_size: int) -> Any:
    labels = data.validation.labels if vae.conditional else None
    return batches_in_order(data.validation.images, batch_size=batch_size, labels=labels)


def compile_(vae: VAE, settings: TrainingSettings, *, steps_per_epoch: int) -> None:
    """Compile the model with a new optimizer, whose schedule spans all epochs of `steps_per_epoch` steps each."""
    optimizer = settings.new_optimizer()
    optimizer.learning_rate = settings.schedule(
        settings.learning_rate, epochs=settings.epochs, steps_per_epoch=steps_per_epoch
    )
    # A step that makes variables while it is traced would be traced twice.
    optimizer.build(vae.trainable_variables)
    vae.compile(
        optimizer=optimizer,
        steps_per_execution=settings.steps_per_execution,
        jit_compile=settings.jit_compile,
    )


class WeightSchedules(keras.callbacks.Callback):
    """A callback that sets the weight that the schedule of the objective moves, for the epoch that begins."""

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        objective = self.model.objective
        if not isinstance(objective.schedule, ByRate):  # which moves it at each step, and goes on where it was
            self.model.weight.assign(objective.weights[objective.scheduled] * objective.schedule.share(epoch))


class Stop(keras.callbacks.Callback):
    """A callback that stops a training after a signal, even if the exception of the signal was lost."""

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        raise_if_interrupted()


class FiniteLoss(keras.callbacks.Callback):
    """A callback that stops a training whose loss is not finite, before the epoch is recorded."""

    def __init__(self, settings: TrainingSettings) -> None:
        super().__init__()
        self.settings = settings
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._refuse(float(logs["loss"]), "training loss", f"step {batch + 1}")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._refuse(float(logs["val_loss"]), "validation loss", "its end")

    def _refuse(self, loss: float, name: str, moment: str) -> None:
        if math.isfinite(loss):
            return
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        raise NonFiniteLoss(
            f"the {name} became {loss} in epoch {self.epoch + 1} by {moment} "
            f"(learning rate {rate:.3g}, {self.model.objective.scheduled} {float(self.model.weight):.3g}, batch size "
            f"{self.settings.batch_size}, precision {self.settings.runtime.precision}); expected a finite number. Try "
            "a lower training.learning_rate, +training.optimizer.clipnorm=1, or objective/schedule=warmup"
        )


def _early_stopping(settings: TrainingSettings, objective: Objective) -> keras.callbacks.EarlyStopping | None:
    final_from = objective.schedule.final_from
    if settings.patience is None or final_from is None:
        return None
    return keras.callbacks.EarlyStopping(
        monitor="val_loss",
        mode="min",
        patience=settings.patience,
        restore_best_weights=True,
        start_from_epoch=final_from,
    )


def _recorder(history: History) -> EpochListener:
    def record(_: int, metrics: dict[str, float]) -> None:
        for name, value in metrics.items():
            history.setdefault(name, []).append(value)

    return record
