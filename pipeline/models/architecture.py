"""Architectures: networks that encode images into the parameters of a posterior and decode latents into images."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import keras
from pydantic import AfterValidator, BeforeValidator, Field

from pipeline.config.values import Count
from pipeline.models.posterior import SoftplusScale


def _known_activation(name: str) -> str:
    try:
        keras.activations.get(name)
    except ValueError:
        raise ValueError("the name of a Keras activation") from None
    return name


def _initializer_of_name(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return keras.initializers.get(value)
    except ValueError:
        raise ValueError("the name of a Keras initializer, the _target_ of one, or null") from None


ImageShape = tuple[int, int, int]
"""Height and width in pixels, channels."""

LatentDim = Annotated[Count, Field(examples=[2])]
Initializer = Annotated[
    keras.initializers.Initializer | None, BeforeValidator(_initializer_of_name), Field(examples=["he_normal"])
]
Activation = Annotated[str, AfterValidator(_known_activation), Field(examples=["relu"])]


@dataclass(frozen=True, kw_only=True)
class Architecture(ABC):
    """Settings of a network, from which an encoder and a decoder are made for any image shape.

    A new architecture is a subclass with `features` and `outputs` in a file of its own, and one YAML that names it.

    Attributes:
        latent_dim: dimensions of the latent space.
        scale: how the encoder gives the scale (standard deviation) of the posterior: its second head is the log
            variance, or its softplus is the standard deviation.
        activation: a Keras activation, between the layers.
        initializer: of the kernels; null leaves them as Keras draws them (Glorot uniform).
    """

    latent_dim: LatentDim
    scale: Literal["log_variance", "softplus"]
    activation: Activation
    initializer: Initializer

    def encoder(self, image_shape: ImageShape) -> keras.Model:
        """A network from images, float [B, H, W, C], to mean and log variance of their posteriors, [B, D] each."""
        images = keras.Input(image_shape, name="images")
        features = self.features(images)
        mean = keras.layers.Dense(self.latent_dim, name="mean")(features)
        head = keras.layers.Dense(self.latent_dim, name=self.scale)(features)
        log_variance = SoftplusScale(name="log_variance")(head) if self.scale == "softplus" else head
        return self._initialised(keras.Model(images, [mean, log_variance], name="encoder"))

    def decoder(self, image_shape: ImageShape) -> keras.Model:
        """A network from latents, float [B, D], to the parameters of the likelihood, real numbers [B, H, W, C]."""
        latent = keras.Input((self.latent_dim,), name="latent")
        return self._initialised(keras.Model(latent, self.outputs(latent, image_shape), name="decoder"))

    def _initialised(self, network: keras.Model) -> keras.Model:
        if self.initializer is None:
            return network
        for layer in network.layers:
            if hasattr(layer, "kernel"):
                # Each layer has a clone, since one initializer gives all layers of a shape the same values.
                layer.kernel.assign(self.initializer.clone()(layer.kernel.shape, layer.kernel.dtype))
        return network

    @abstractmethod
    def features(self, images: Any) -> Any:
        """The features that both heads of the encoder read, [B, F], of images [B, H, W, C]."""

    @abstractmethod
    def outputs(self, latent: Any, image_shape: ImageShape) -> Any:
        """The outputs of the decoder, real numbers [B, H, W, C], for latents [B, D]."""
