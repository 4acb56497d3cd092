"""What a training leaves in its run: settings at the start, numbers and pictures on the way, the result at the end."""

from collections.abc import Collection, Mapping

import yaml

from pipeline.config import Config, flatten, shown
from pipeline.data.batches import pixels
from pipeline.data.images import ImageData, Split
from pipeline.evaluation import Evaluation
from pipeline.models.vae import VAE
from pipeline.pictures import Pictures
from pipeline.tracking.run import Run
from pipeline.training.checkpoint import History

FINGERPRINT = "data_fingerprint"
GROUPS = ("dataset", "model", "likelihood", "objective", "training")
"""Groups whose values are a run's parameters. The UI lists them all above each picture, so nothing more than these."""


class Record:
    """Writes one training into one run; called after each epoch.

    Args:
        run: open for recording.
        data: trained on.
        pictures: of the model.
        picture_epochs: epochs after which cards are drawn; they always are of the model that comes out.
    """

    def __init__(self, run: Run, data: ImageData, pictures: Pictures, picture_epochs: Collection[int]) -> None:
        self.run, self.data, self.pictures, self.picture_epochs = run, data, pictures, picture_epochs

    def begin(self, config: Config, vae: VAE) -> None:
        """Write down what is trained on what, and what the untrained model makes of it."""
        self.run.params(
            _parameters(config) | {"model.parameters": vae.encoder.count_params() + vae.decoder.count_params()}
        )
        self.run.tags({FINGERPRINT: self.data.fingerprint, "seed": str(config["training"]["seed"])})
        self.run.text("config.yaml", yaml.safe_dump(config, sort_keys=False))
        self.run.data(self.data)
        self._cards("val", self.data.validation, 0)

    def __call__(self, epoch: int, metrics: dict[str, float]) -> None:
        """Write down an epoch, counted from 1."""
        self.run.metrics(epoch, metrics)
        if epoch in self.picture_epochs:
            self._cards("val", self.data.validation, epoch)

    def conclude(self, vae: VAE, history: History, evaluation: Evaluation) -> None:
        """Write down the result."""
        epochs = len(history["val/loss"])
        if epochs not in self.picture_epochs:
            self._cards("val", self.data.validation, epochs)
        self.run.summary(evaluation.metrics("test"))
        # The UI's slider starts at step 0: with that step alone, these cards need no sliding.
        self._cards("test", self.data.test, 0)
        for name, figure in self.pictures.final(history).items():
            self.run.figure(name, figure)
        self.run.model(vae, pixels(self.data.test.images[:2]))
        self.run.describe(_result(history, evaluation))

    def _cards(self, prefix: str, split: Split, step: int) -> None:
        for name, card in self.pictures.cards(split).items():
            self.run.image(f"{prefix}/{name}", card, step)


def _parameters(config: Config) -> dict[str, str]:
    leaves = flatten({name: config[name] for name in GROUPS})
    return {
        key: shown(value) for key, value in leaves.items() if not key.startswith(("dataset.source.", "dataset.dir"))
    }


def _result(history: History, evaluation: Evaluation) -> str:
    best = min(history["val/loss"])
    rows = "\n".join(f"| {name} | {value:.5g} |" for name, value in _labelled(evaluation).items())
    return (
        f"{len(history['val/loss'])} epochs, best val/loss **{best:.2f}** nats after epoch "
        f"{history['val/loss'].index(best) + 1}. On the test split:\n\n| | |\n| --- | ---: |\n{rows}"
    )


def _labelled(evaluation: Evaluation) -> Mapping[str, float]:
    return {
        "ELBO, nats per image": evaluation.elbo,
        "rate, nats per image": evaluation.rate,
        "distortion, nats per image": evaluation.distortion,
        "loss, nats per image": evaluation.loss,
        "squared error of a pixel": evaluation.mse,
    }
