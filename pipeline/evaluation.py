"""What a trained model is worth on images that it has not seen."""

from dataclasses import asdict, dataclass

import keras
import numpy as np
from keras import ops

from pipeline.data.batches import pixels
from pipeline.models.posterior import Posterior
from pipeline.models.vae import VAE

BATCH = 500
"""Images scored at once."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Means over the images.

    Attributes:
        loss: the model's own objective with its final weights, nats.
        rate, distortion: the parts of the ELBO with one latent drawn for each image, nats.
        elbo: −(rate + distortion), nats; comparable between models of different weights.
        mse: squared error of a pixel in [0, 1], of reconstructions from the posterior mean.
    """

    loss: float
    rate: float
    distortion: float
    elbo: float
    mse: float

    def metrics(self, split: str) -> dict[str, float]:
        """The numbers by name, such as `test/elbo`."""
        return {f"{split}/{name}": value for name, value in asdict(self).items()}


def evaluate(vae: VAE, images: np.ndarray, *, seed: int = 0) -> Evaluation:
    """Score uint8 images [N, H, W, C]; equal seeds give equal numbers."""
    noise = keras.random.SeedGenerator(seed)
    sums = np.zeros(3)
    rates = np.zeros(vae.latent_dim)
    for start in range(0, len(images), BATCH):
        batch = pixels(images[start : start + BATCH])
        passed = vae.forward(batch, noise)
        per_dimension = ops.convert_to_numpy(Posterior(passed["mean"], passed["log_variance"]).rates())
        distortion = ops.convert_to_numpy(vae.likelihood(batch, passed["outputs"]))
        error = np.square(batch - ops.convert_to_numpy(vae.decode(passed["mean"])))
        sums += per_dimension.sum(dtype=float), distortion.sum(dtype=float), error.mean(axis=(1, 2, 3)).sum(dtype=float)
        rates += per_dimension.sum(axis=0, dtype=float)
    rate, distortion_mean, mse = sums / len(images)
    loss = vae.objective.loss(rates[None] / len(images), np.array([distortion_mean]), vae.objective.beta)
    return Evaluation(loss=float(loss), rate=rate, distortion=distortion_mean, elbo=-(rate + distortion_mean), mse=mse)
