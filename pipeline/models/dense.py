"""A network of fully connected layers."""

import math
from dataclasses import dataclass, field
from typing import Any

from keras import layers

from pipeline.config.values import LayerCounts, Share, Switch
from pipeline.models.architecture import Architecture, ImageShape, Levels
from pipeline.models.conditioning import joined


@dataclass(frozen=True, kw_only=True)
class Dense(Architecture):
    """A fully connected encoder and decoder.

    Attributes:
        hidden: units of the encoder's hidden layers.
        decoder_hidden: units of the decoder's hidden layers; null mirrors the encoder.
        batch_norm: normalise after each hidden layer of the encoder.
        dropout: share of the encoder's hidden units left out while training.
    """

    hidden: LayerCounts
    decoder_hidden: LayerCounts | None
    batch_norm: Switch
    dropout: Share
    conditional: Switch = field()
    levels: Levels = field()

    def features(self, images: Any, condition: Any = None) -> Any:
        x = joined(layers.Flatten()(images), condition)
        for units in self.hidden:
            x = layers.Dense(units, activation=self.activation)(x)
            x = layers.BatchNormalization()(x) if self.batch_norm else x
            x = layers.Dropout(self.dropout)(x) if self.dropout else x
        return x

    def outputs(self, latent: Any, image_shape: ImageShape) -> Any:
        x = latent
        for units in self.decoder_hidden or self.hidden[::-1]:
            x = layers.Dense(units, activation=self.activation)(x)
        return layers.Reshape(image_shape)(layers.Dense(math.prod(image_shape))(x))
