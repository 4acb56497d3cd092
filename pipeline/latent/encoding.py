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
        rates: of each latent dimension, nats, [N, D].
        labels: int [N], of the images, where the model is conditional; else None.
    """

    images: ImageRows
    mean: np.ndarray
    log_variance: np.ndarray
    rates: np.ndarray
    labels: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)

    def take(self, indices: np.ndarray) -> "Encoded":
        """The images at these positions [M], in this order."""
        chosen = self.images.take(indices)
        labels = None if self.labels is None else self.labels[indices]
        return Encoded(chosen, self.mean[indices], self.log_variance[indices], self.rates[indices], labels)

    def latents(self, noise: np.ndarray) -> np.ndarray:
        """One latent of each posterior from standard normal noise, [N, D]."""
        return self.mean + np.exp(0.5 * self.log_variance) * noise


def encode(vae: VAE, images: np.ndarray | ImageRows, labels: np.ndarray | None = None) -> Encoded:
    """uint8 images [N, H, W, C] with their posteriors, log variances within ±80.

    Their labels, int [N], are read by a conditional model alone, which must have them.
    """
    rows = images if isinstance(images, ImageRows) else ImageRows(images)
    told = labels if vae.conditional else None

    def parameters(batch: slice) -> np.ndarray:
        posterior = vae.posterior(as_floats(rows[batch]), _of(told, batch))
        return np.stack([_float64(part) for part in (*posterior, vae.rates(posterior))], axis=1)

    mean, log_variance, rates = np.moveaxis(_in_batches(parameters, rows), 1, 0)
    return Encoded(rows, mean, np.clip(log_variance, -WIDEST, WIDEST), rates, told)


def decode(vae: VAE, latents: np.ndarray, labels: np.ndarray | int | None = None) -> np.ndarray:
    """The expected images at latents [..., D]: [..., H, W, C] in [0, 1]; not-a-number stays.

    Labels, int [...] or of a shape that is spread over it, are read by a conditional model alone, which must have them.
    """
    flat = latents.reshape(-1, latents.shape[-1]).astype("float32")
    told = None
    if vae.conditional and labels is not None:
        told = np.broadcast_to(labels, latents.shape[:-1]).reshape(-1)
    parts = [vae.decode(flat[batch], _of(told, batch)) for batch in batches(len(flat), vae.image_shape)]
    images = np.concatenate([ops.convert_to_numpy(part) for part in parts])
    return np.clip(images, 0, 1).reshape(*latents.shape[:-1], *images.shape[1:])


def decode_as(vae: VAE, latents: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The expected images at latents [..., D] as each of the classes int [K]: [K, ..., H, W, C] in [0, 1]."""
    return np.stack([decode(vae, latents, label) for label in labels])


def reconstruct(vae: VAE, images: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """uint8 images [N, H, W, C], with labels int [N], decoded from their posterior means, [N, H, W, C] in [0, 1]."""
    return decode(vae, encode(vae, images, labels).mean, labels)


def distortions(vae: VAE, encoded: Encoded, latents: np.ndarray) -> np.ndarray:
    """−log p(image | latent) of each image and the latent in its place, nats, [N]."""

    def distortion(batch: slice) -> np.ndarray:
        outputs = vae.outputs(latents[batch].astype("float32"), _of(encoded.labels, batch))
        return _float64(vae.likelihood(as_floats(encoded.images[batch]), outputs))

    return _in_batches(distortion, encoded.images)


def squared_errors(vae: VAE, encoded: Encoded) -> np.ndarray:
    """Mean squared error of a pixel in [0, 1] of each image decoded from its posterior mean, [N]."""

    def squared_error(batch: slice) -> np.ndarray:
        means = encoded.mean[batch].astype("float32")
        reconstructions = _float64(vae.decode(means, _of(encoded.labels, batch)))
        return np.square(as_floats(encoded.images[batch]) - reconstructions).mean(axis=(1, 2, 3))

    return _in_batches(squared_error, encoded.images)


def batches(count: int, image_shape: tuple[int, ...]) -> list[slice]:
    """Slices of `count` images [H, W, C] that are small enough to be decoded at once."""
    size = max(1, BATCH_VALUES // math.prod(image_shape))
    return [slice(start, start + size) for start in range(0, count, size)]


def _in_batches(score: Callable[[slice], np.ndarray], images: ImageRows) -> np.ndarray:
    """The scores [N, ...] of N images, computed a batch at a time."""
    return np.concatenate([score(batch) for batch in batches(len(images), images.shape[1:])])


def _of(labels: np.ndarray | None, batch: slice) -> np.ndarray | None:
    return None if labels is None else labels[batch]


def _float64(values: Any) -> np.ndarray:
    # Not NumPy's own conversion: it knows neither bfloat16 nor the other backends.
    return ops.convert_to_numpy(ops.cast(values, "float32")).astype(np.float64)
