"""VAEs that are linear and Gaussian throughout, so that what they are worth has a closed form; images to score."""

import math
from collections.abc import Sequence

import keras
import numpy as np
import scipy.stats

from pipeline.data.images import ImageData, Split
from pipeline.evaluation.settings import EvaluationSettings
from pipeline.models.likelihood import Gaussian
from pipeline.models.objectives.weight_schedule import Constant
from pipeline.models.objectives.weighted_elbo import WeightedElbo
from pipeline.models.vae import VAE

SHAPE = (3, 2, 3)
PIXELS = math.prod(SHAPE)
OBJECTIVE = {"beta": 1.0, "distortion_weight": 1.0, "free_bits": 0.0, "sampling": True, "schedule": Constant(of=None)}


def settings(**changed) -> EvaluationSettings:
    """Everything of everything, but few samples."""
    everything = {"nll_images": None, "information_images": None, "neighbour_images": None, "annealing_images": None}
    everything |= {"linear_probe": None, "samples": None, "annealing_steps": None, "factor_samples": None}
    return EvaluationSettings(
        **{"split": "test", "importance_samples": 4, "neighbours": 3, "seed": 0} | everything | changed
    )


def data_of(images: np.ndarray, labels: Sequence[int] | None = None, train: Split | None = None) -> ImageData:
    """Images to score, of one class unless told otherwise; as validation split only the first three of them."""
    split = Split(images, np.zeros(len(images), int) if labels is None else np.array(labels))
    return ImageData("some", train or split, split.take(np.arange(min(3, len(split)))), split, ("a", "b", "c"))


def noise_images(number: int, shape: tuple[int, int, int] = SHAPE, seed: int = 0) -> np.ndarray:
    """Pixels drawn evenly, uint8 [N, *shape]."""
    return np.random.default_rng(seed).integers(256, size=(number, *shape), dtype=np.uint8)


def linear_vae(
    *, encoder, mean_bias=0.0, log_variance=0.0, decoder=None, bias=0.0, shape=SHAPE, likelihood=None, **objective
) -> VAE:
    """mean = x · encoder + mean_bias; outputs = z · decoder + bias, with x and outputs flattened, [P] each."""
    encoder = np.asarray(encoder, float)
    decoder = np.zeros(encoder.T.shape) if decoder is None else np.asarray(decoder, float)
    images, latent = keras.Input(shape), keras.Input((encoder.shape[1],))
    flat = keras.layers.Flatten()(images)
    mean = _dense(flat, encoder, mean_bias)
    spread = _dense(flat, np.zeros_like(encoder), log_variance)
    outputs = keras.layers.Reshape(shape)(_dense(latent, decoder, bias))
    return VAE(
        encoder=keras.Model(images, [mean, spread]),
        decoder=keras.Model(latent, outputs),
        likelihood=likelihood or Gaussian(scale=0.3, learned=False, link="identity"),
        objective=WeightedElbo(**OBJECTIVE | objective),
    )


def _dense(inputs, kernel: np.ndarray, bias):
    kernel_is, bias_is = (keras.initializers.Constant(np.asarray(each)) for each in (kernel, bias))
    return keras.layers.Dense(kernel.shape[1], kernel_initializer=kernel_is, bias_initializer=bias_is)(inputs)


class Exact:
    """A linear-Gaussian model x = z W + b + noise with orthogonal rows of W, whose true posterior is diagonal."""

    def __init__(self, scale: float = 0.3, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        basis = np.linalg.qr(rng.normal(size=(PIXELS, 2)))[0].T
        self.scale, self.bias = scale, rng.uniform(0.3, 0.7, PIXELS)
        self.decoder = np.array([[0.9], [0.4]]) * basis  # [2, P]
        self.variance = 1 / (1 + np.square(self.decoder).sum(axis=1) / scale**2)  # of the posterior, [2]

    def vae(self, *, shift: float = 0.0, widening: float = 1.0, **objective) -> VAE:
        """With the true posterior, or one that is shifted and wider."""
        encoder = self.decoder.T * self.variance / self.scale**2
        return linear_vae(
            encoder=encoder,
            mean_bias=shift - self.bias @ encoder,
            log_variance=np.log(self.variance * widening),
            decoder=self.decoder,
            bias=self.bias,
            likelihood=Gaussian(scale=self.scale, learned=False, link="identity"),
            **objective,
        )

    def nll(self, images: np.ndarray) -> np.ndarray:
        """−log p(x) of uint8 images, nats, [N]."""
        covariance = self.decoder.T @ self.decoder + self.scale**2 * np.eye(PIXELS)
        density = scipy.stats.multivariate_normal(self.bias, covariance)
        return -density.logpdf(images.reshape(len(images), -1) / 255)
