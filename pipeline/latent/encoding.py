"""Images with their posteriors in float64, and images decoded from latents, a batch at a time."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from pipeline.data.batches import as_floats
from pipeline.data.image_rows import ImageRows
from pipeline.models.vae import VAE

BATCH_VALUES = 400_000
"""Pixel values in a batch, 510 images of MNIST. More are hardly faster and cost memory in every layer."""

WIDEST = 80.0
"""Latents are drawn with log variances within ±80; float32 ends soon beyond."""


@dataclass(frozen=True)
class Encoded:
    """Images and their posteriors.

    Attributes:
        images: the N images, which are read lazily.
        mean, log_variance: of the posteriors, [N, D].
        rates: KL(posterior ‖ prior) of each latent dimension, nats, [N, D].
    """

    images: ImageRows
    mean: np.ndarray
    log_variance: np.ndarray
    rates: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def take(self, indices: np.ndarray) -> "Encoded":
        """The images at these positions [M], in this order."""
        chosen = self.images.take(indices)
        return Encoded(chosen, self.mean[indices], self.log_variance[indices], self.rates[indices])

    def latents(self, noise: np.ndarray) -> np.ndarray:
        """One latent of each posterior from standard normal noise, [N, D]."""
        return self.mean + np.exp(0.5 * self.log_variance) * noise


def encode(vae: VAE, images: np.ndarray | ImageRows) -> Encoded:
    """uint8 images [N, H, W, C] with their posteriors, log variances within ±80."""
    rows = images if isinstance(images, ImageRows) else ImageRows(images)

    def parameters(batch: slice) -> np.ndarray:
        posterior = vae.posterior(as_floats(rows[batch]))
        return np.stack([_float64(part) for part in (*posterior, posterior.rates())], axis=1)

    mean, log_variance, rates = np.moveaxis(_in_batches(parameters, rows), 1, 0)
    return Encoded(rows, mean, np.clip(log_variance, -WIDEST, WIDEST), rates)


def decode(vae: VAE, latents: np.ndarray) -> np.ndarray:
    """The expected images at latents [..., D]: [..., H, W, C] in [0, 1]; not-a-number stays."""
    flat = latents.reshape(-1, latents.shape[-1]).astype("float32")
    parts = [vae.decode(flat[batch]) for batch in batches(len(flat), vae.image_shape)]
    images = np.concatenate([ops.convert_to_numpy(part) for part in parts])
    return np.clip(images, 0, 1).reshape(*latents.shape[:-1], *images.shape[1:])


def reconstruct(vae: VAE, images: np.ndarray) -> np.ndarray:
    """uint8 images [N, H, W, C] decoded from their posterior means, [N, H, W, C] in [0, 1]."""
    return decode(vae, encode(vae, images).mean)


def distortions(vae: VAE, encoded: Encoded, latents: np.ndarray) -> np.ndarray:
    """−log p(image | latent) of each image and the latent in its place, nats, [N]."""

    def distortion(batch: slice) -> np.ndarray:
        outputs = vae.decoder(latents[batch].astype("float32"), training=False)
        return _float64(vae.likelihood(as_floats(encoded.images[batch]), outputs))

    return _in_batches(distortion, encoded.images)


def squared_errors(vae: VAE, encoded: Encoded) -> np.ndarray:
    """Mean squared error of a pixel in [0, 1] of each image decoded from its posterior mean, [N]."""

    def squared_error(batch: slice) -> np.ndarray:
        reconstructions = _float64(vae.decode(encoded.mean[batch].astype("float32")))
        return np.square(as_floats(encoded.images[batch]) - reconstructions).mean(axis=(1, 2, 3))

    return _in_batches(squared_error, encoded.images)


def batches(count: int, image_shape: tuple[int, ...]) -> list[slice]:
    """Slices of `count` images [H, W, C] that are small enough to be decoded at once."""
    size = max(1, BATCH_VALUES // math.prod(image_shape))
    return [slice(start, start + size) for start in range(0, count, size)]


def _in_batches(score: Callable[[slice], np.ndarray], images: ImageRows) -> np.ndarray:
    """The scores [N, ...] of N images, computed a batch at a time."""
    return np.concatenate([score(batch) for batch in batches(len(images), images.shape[1:])])


def _float64(values: Any) -> np.ndarray:
    # Not NumPy's own conversion: it knows neither bfloat16 nor the other backends.
    return ops.convert_to_numpy(ops.cast(values, "float32")).astype(np.float64)
