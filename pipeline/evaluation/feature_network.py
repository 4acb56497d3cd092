"""The feature network of a data set: a small classifier, whose last hidden layer tells how images are alike.

It takes the place that Inception has for photographs, so that scores in its features are comparable within one data set
of this project, and not with numbers that are published. It is trained once and kept in the cache of this machine.
"""

import hashlib
import logging
import math
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from pipeline.data.batches import as_floats
from pipeline.data.binarisation import as_trained
from pipeline.data.image_rows import ImageRows
from pipeline.data.images import ImageData, Split
from pipeline.data.random_stream import random_order, random_stream
from pipeline.latent.encoding import batches
from pipeline.models.architecture import ImageShape

log = logging.getLogger(__name__)

FEATURES = 64
"""Features of an image."""
PIXELS = 32
"""Height and width, at most, to which images are reduced first."""
IMAGES = 20_000
"""Training images, at most, that the network is trained on."""
EPOCHS = 5
LEAST_STEPS = 100
"""Batches that it is trained on at least, so that few images are met in more epochs."""
BATCH = 250
SEED = 0


@dataclass(frozen=True)
class FeatureNetwork:
    """A network from images to features that have mean 0 and variance 1 over the training images.

    Attributes:
        network: from images, float [B, H, W, C], to their features before they are standardised, [B, FEATURES].
        centre, spread: mean and standard deviation of each feature over the training images, float32 [FEATURES].
    """

    network: keras.Model
    centre: np.ndarray
    spread: np.ndarray

    @property
    def name(self) -> str:
        """A hash of all its numbers: scores can be compared where they are of the network of one name."""
        digest = hashlib.sha256()
        for values in self.numbers:
            digest.update(np.ascontiguousarray(values, "<f4").data)
        return digest.hexdigest()[:12]

    @property
    def numbers(self) -> list[np.ndarray]:
        """The weights of the network, each in its shape, then centre and spread, [FEATURES] each."""
        return [*self.network.get_weights(), self.centre, self.spread]

    def features(self, images: np.ndarray | ImageRows) -> np.ndarray:
        """The features, float32 [N, FEATURES], of images: uint8, or float in [0, 1], [N, H, W, C]."""
        parts = []
        for batch in batches(len(images), images.shape[1:]):
            some = images[batch]
            floats = as_floats(some) if some.dtype == np.uint8 else some.astype("float32")
            parts.append(ops.convert_to_numpy(self.network(floats, training=False)))
        return (np.concatenate(parts) - self.centre) / self.spread


def untrained(image_shape: ImageShape, classes: int) -> keras.Model:
    """A network from images, float [B, H, W, C], to features and to a logit for each class; equal at every call."""
    seeds = iter(range(SEED, SEED + 10))

    def kernel() -> Any:
        return keras.initializers.GlorotUniform(seed=next(seeds))

    height, width, _ = image_shape
    images = keras.Input(image_shape)
    known: dict[str, Any] = {"dtype": "float32"}  # whatever the precision of the model
    reduced = (math.ceil(height / PIXELS), math.ceil(width / PIXELS))
    x = layers.AveragePooling2D(reduced, padding="same", **known)(images)
    for filters in (16, 32):
        convolution = layers.Conv2D(
            filters, 3, strides=2, padding="same", activation="relu", kernel_initializer=kernel(), **known
        )
        x = convolution(x)
    dense = layers.Dense(FEATURES, activation="relu", kernel_initializer=kernel(), **known)
    features = dense(layers.Flatten(**known)(x))
    logits = layers.Dense(classes, kernel_initializer=kernel(), **known)(features)
    return keras.Model(images, [features, logits], name="feature_network")


def made_from(data: ImageData, numbers: list[np.ndarray]) -> FeatureNetwork:
    """The feature network of a data set with these numbers, as `numbers` gives them, [FEATURES] the last two.

    Raises:
        ValueError: they are of another network.
    """
    *weights, centre, spread = numbers
    network = untrained(data.image_shape, classes=1)
    features = keras.Model(network.inputs[0], network.outputs[0])
    features.set_weights(weights)
    return FeatureNetwork(features, centre, spread)


def trained(data: ImageData) -> FeatureNetwork:
    """The feature network of a data set, trained to tell the classes of its training images.

    Images of one class leave nothing to train: their network keeps the weights that it begins with, as random features
    also tell sets of images apart (Naeem et al. 2020).
    """
    some = as_trained(data, random_order(len(data.train), SEED, "feature network")[:IMAGES])
    classes, labels = np.unique(some.labels, return_inverse=True)
    network = untrained(data.image_shape, len(classes))
    if len(classes) > 1:
        _fit(network, Split(some.rows, labels))
    as_they_are = np.zeros(FEATURES, "float32"), np.ones(FEATURES, "float32")
    features = FeatureNetwork(keras.Model(network.inputs[0], network.outputs[0]), *as_they_are)
    seen = features.features(some.rows)
    spread = seen.std(axis=0)
    # A feature that is the same for all images tells nothing, and must not divide by 0.
    made = FeatureNetwork(features.network, seen.mean(axis=0), np.where(spread > 1e-6, spread, np.float32(1)))
    how = (
        f"trained to tell {len(classes)} classes" if len(classes) > 1 else "with random weights, as there is one class"
    )
    log.info(f"{data.name}: feature network {made.name}, {how}")
    return made


def _fit(network: keras.Model, split: Split) -> None:
    """Train the network by cross-entropy, with batches in an order that the seed decides."""
    classifier = keras.Model(network.inputs[0], network.outputs[1])
    classifier.compile(
        keras.optimizers.Adam(2e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    order = random_stream(SEED, "batches of the feature network")
    for _ in range(max(EPOCHS, math.ceil(LEAST_STEPS / math.ceil(len(split) / BATCH)))):
        positions = order.permutation(len(split))
        for start in range(0, len(split), BATCH):
            chosen = positions[start : start + BATCH]
            classifier.train_on_batch(as_floats(split.rows[chosen]), split.labels[chosen])
