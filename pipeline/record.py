"""What a training leaves in its run: settings at the start, numbers and pictures on the way, the result at the end."""

from collections.abc import Collection, Mapping
from pathlib import Path

import yaml

from pipeline.config import Config, flatten
from pipeline.data.batches import pixels
from pipeline.data.images import ImageData
from pipeline.evaluation import Evaluation
from pipeline.models.vae import VAE
from pipeline.pictures import Pictures
from pipeline.tracking.run import Run
from pipeline.training.checkpoint import History

GROUPS = ("dataset", "model", "likelihood", "objective", "training", "tracking")
"""Groups of the config; their leaves are a run's parameters."""


class Record:
    """Writes one training into one run; called after each epoch.

    Args:
        run: open for recording.
        pictures: of the model.
        picture_epochs: epochs after which cards are drawn.
    """

    def __init__(self, run: Run, pictures: Pictures, picture_epochs: Collection[int]) -> None:
        self.run, self.pictures, self.picture_epochs = run, pictures, picture_epochs
        self.reached: tuple[int, float] | None = None

    def begin(self, config: Config, data: ImageData, vae: VAE) -> None:
        """Write down what is trained on what."""
        self.run.params(flatten({name: config[name] for name in GROUPS}))
        self.run.params({"model.parameters": vae.count_params()})
        self.run.tags({"data_fingerprint": data.fingerprint, "seed": str(config["training"]["seed"])})
        self.run.text("config.yaml", yaml.safe_dump(config, sort_keys=False))
        self.run.data(data)

    def __call__(self, epoch: int, metrics: dict[str, float]) -> None:
        """Write down an epoch, counted from 1."""
        self.reached = epoch, metrics["val/loss"]
        self.run.metrics(epoch, metrics)
        if epoch in self.picture_epochs:
            for key, card in self.pictures.cards().items():
                self.run.image(key, card, epoch)

    def conclude(self, vae: VAE, data: ImageData, history: History, evaluation: Evaluation) -> None:
        """Write down the result."""
        self.run.summary(evaluation.metrics("test"))
        for name, figure in self.pictures.final(history).items():
            self.run.figure(name, figure)
        self.run.model(vae, pixels(data.test.images[:2]))
        self.run.describe(_result(history, evaluation))

    def interrupted(self, checkpoint: Path) -> str:
        """Write down how far it came and how to go on; gives the latter."""
        if not checkpoint.exists():
            self.run.describe("**Interrupted** before its first epoch ended: there is nothing to resume.")
            return "No epoch was finished"
        cure = f"python -m pipeline.train resume={self.run.id}"
        epoch, loss = self.reached or (0, float("nan"))
        self.run.describe(f"**Interrupted** after epoch {epoch}, val/loss {loss:.2f} nats. Go on with `{cure}`")
        return f"Go on with: {cure}"


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
