"""The metrics of each epoch, told to whoever listens."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import keras

from pipeline.metric_names import SPEED, of_epoch
from pipeline.models.vae import VAE

EpochListener = Callable[[int, dict[str, float]], None]
"""A function that is called after each epoch with its number, counted from 1, and its metrics by name."""


class EpochReport(keras.callbacks.Callback):
    """A callback that gives the metrics of each epoch to the listeners.

    Args:
        vae: the model that is trained.
        images: number of training images in an epoch.
        listeners: called with the number of the epoch, counted from 1, and its metrics.
    """

    def __init__(self, vae: VAE, images: int, listeners: Sequence[EpochListener]) -> None:
        super().__init__()
        self.vae = vae
        self.images = images
        self.listeners = listeners
        self._begin = self._trained = 0.0  # seconds of the clock, at the start of an epoch and of its validation

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self._begin = time.perf_counter()

    def on_test_begin(self, logs: object = None) -> None:
        self._trained = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        parts = ("loss", "rate", "distortion", "elbo")
        metrics = {of_epoch("train", name): float(logs[name]) for name in parts}
        metrics |= {of_epoch("validation", name): float(logs[f"val_{name}"]) for name in parts}
        metrics[of_epoch("train", "learning_rate")] = float(
            keras.ops.convert_to_numpy(self.vae.optimizer.learning_rate)
        )
        metrics[of_epoch("train", self.vae.objective.scheduled)] = float(self.vae.weight)
        metrics[SPEED] = self.images / (self._trained - self._begin)
        for listener in self.listeners:
            listener(epoch + 1, metrics)
