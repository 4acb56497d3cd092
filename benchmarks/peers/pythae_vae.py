"""pythae, the best-known library of VAEs for PyTorch, used as its README shows: configs, a model, a training pipeline.

The same network stands in for its default one; cross-entropy, Adam and the rate are asked for, all else is its default.
A round is one epoch of one long training, from the epoch's begin to its end, without validation.
"""

import logging
import tempfile

import torch
from pythae.models import VAE, VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.pipelines import TrainingPipeline
from pythae.trainers import BaseTrainerConfig
from pythae.trainers.training_callbacks import TrainingCallback

from benchmarks.peers.torch_network import TorchDecoder, TorchEncoder, channels_first, count
from benchmarks.turns import Task, Turn


class Encoder(BaseEncoder):
    """The network's encoder in pythae's words."""

    def __init__(self) -> None:
        BaseEncoder.__init__(self)
        self.network = TorchEncoder()

    def forward(self, x: torch.Tensor) -> ModelOutput:
        mean, log_variance = self.network(x)
        return ModelOutput(embedding=mean, log_covariance=log_variance)


class Decoder(BaseDecoder):
    """The network's decoder in pythae's words."""

    def __init__(self) -> None:
        BaseDecoder.__init__(self)
        self.network = TorchDecoder()

    def forward(self, z: torch.Tensor) -> ModelOutput:
        return ModelOutput(reconstruction=self.network(z))


class RoundAnEpoch(TrainingCallback):
    """Waits for its turn before each epoch and reports after it."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn

    def on_epoch_begin(self, training_config: BaseTrainerConfig, **kwargs: object) -> None:
        self.turn.wait()

    def on_epoch_end(self, training_config: BaseTrainerConfig, **kwargs: object) -> None:
        self.turn.report()


def run(task: Task, turn: Turn) -> None:
    """Train one epoch a round."""
    torch.set_num_threads(task.threads)
    logging.disable()
    config = VAEConfig(input_dim=(1, 28, 28), latent_dim=2, reconstruction_loss="bce")
    vae = VAE(model_config=config, encoder=Encoder(), decoder=Decoder())
    images = channels_first(task.pixels())
    with tempfile.TemporaryDirectory() as folder:
        turn.ready(parameters=count(vae))
        TrainingPipeline(training_config=_training(folder, task), model=vae)(
            train_data=images, callbacks=[RoundAnEpoch(turn)]
        )
    turn.wait()


def _training(folder: str, task: Task) -> BaseTrainerConfig:
    return BaseTrainerConfig(
        output_dir=folder,
        num_epochs=task.rounds,
        learning_rate=1e-3,
        per_device_train_batch_size=task.batch_size,
        optimizer_cls="Adam",
        no_cuda=True,
    )
