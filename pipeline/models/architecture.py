"""What every network of this project is: an encoder to the posterior's parameters and a decoder to the likelihood's."""

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
"""Height, width, channels."""

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
        scale: what the encoder's second head gives: the log variance, or a standard deviation through softplus.
        activation: a Keras activation, between the layers.
        initializer: of the kernels; null leaves them as Keras draws them (Glorot uniform).
    """

    latent_dim: LatentDim
    scale: Literal["log_variance", "softplus"]
    activation: Activation
    initializer: Initializer

    def encoder(self, image_shape: ImageShape) -> keras.Model:
        """Images [B, H, W, C] to the posterior's mean and log variance, [B, D] each."""
        images = keras.Input(image_shape, name="images")
        features = self.features(images)
        mean = keras.layers.Dense(self.latent_dim, name="mean")(features)
        head = keras.layers.Dense(self.latent_dim, name=self.scale)(features)
        log_variance = SoftplusScale(name="log_variance")(head) if self.scale == "softplus" else head
        return self._initialised(keras.Model(images, [mean, log_variance], name="encoder"))

    def decoder(self, image_shape: ImageShape) -> keras.Model:
        """Latents [B, D] to the parameters of the likelihood, [B, H, W, C], on the whole real line."""
        latent = keras.Input((self.latent_dim,), name="latent")
        return self._initialised(keras.Model(latent, self.outputs(latent, image_shape), name="decoder"))

    def _initialised(self, network: keras.Model) -> keras.Model:
        if self.initializer is None:
            return network
        for layer in network.layers:
            if hasattr(layer, "kernel"):
                # A clone each: one initializer gives all layers of a shape the same values.
                layer.kernel.assign(self.initializer.clone()(layer.kernel.shape, layer.kernel.dtype))
        return network

    @abstractmethod
    def features(self, images: Any) -> Any:
        """Images [B, H, W, C] to what the heads read, [B, F]."""

    @abstractmethod
    def outputs(self, latent: Any, image_shape: ImageShape) -> Any:
        """Latents [B, D] to real numbers [B, H, W, C]."""
