"""Our own training: the function `fit` that every run uses, with all its callbacks; no tracking, no pictures.

The whole contest is one call of `fit`, and a round is one of its epochs. A listener, which `fit` calls after each
epoch, reports the round and waits for the next. What counts is the speed that a run records for each epoch: the
epoch without its validation, which here has 100 images.
"""

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.network import experiment_for
from benchmarks.turns import Task, Turn
from pipeline.data.images import ImageData, Split
from pipeline.runtime import start_tensorflow


def run(task: Task, turn: Turn, images: np.ndarray | None = None) -> None:
    """Train one epoch a round, on images uint8 [N, H, W, C]; on those of the task, in memory, where none are given."""
    start_tensorflow()
    from pipeline.training.fit import fit

    experiment, data = experiment_for(task), _as_data(task.images() if images is None else images)
    vae = experiment.model_for(data)

    def end_of_epoch(_: int, metrics: dict[str, float]) -> None:
        turn.report(len(data.train) / metrics["train/epoch/images_per_second"])
        turn.wait()

    with tempfile.TemporaryDirectory() as folder:
        turn.ready(parameters=vae.encoder.count_params() + vae.decoder.count_params())
        turn.wait()
        fit(vae, data, experiment.training, checkpoint=Path(folder) / "checkpoint.npz", listeners=[end_of_epoch])


def _as_data(images: np.ndarray) -> ImageData:
    labels = np.zeros(len(images), np.int64)
    whole = Split(images, labels)
    few = Split(images[:100], labels[:100])
    return ImageData("benchmark", whole, few, few, ("unknown",))
