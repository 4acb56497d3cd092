"""What every network of this project is: an encoder to the posterior's parameters and a decoder to the likelihood's."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import keras
from pydantic import AfterValidator, Field

from pipeline.models.posterior import SoftplusScale
from pipeline.settings import Count


def _known_activation(name: str) -> str:
    try:
        keras.activations.get(name)
    except ValueError:
        raise ValueError("the name of a Keras activation") from None
    return name


ImageShape = tuple[int, int, int]
"""Height, width, channels."""

LatentDim = Annotated[Count, Field(examples=[2])]
Activation = Annotated[str, AfterValidator(_known_activation), Field(examples=["relu"])]


@dataclass(frozen=True, kw_only=True)
class Architecture(ABC):
    """Settings of a network, from which an encoder and a decoder are made for any image shape.

    A new architecture is a subclass with `features` and `outputs` in a file of its own, and one YAML that names it.

    Attributes:
        latent_dim: dimensions of the latent space.
        scale: what the encoder's second head gives: the log variance, or a standard deviation through softplus.
        activation: a Keras activation, between the layers.
    """

    latent_dim: LatentDim
    scale: Literal["log_variance", "softplus"]
    activation: Activation

    def encoder(self, image_shape: ImageShape) -> keras.Model:
        """Images [B, H, W, C] to the posterior's mean and log variance, [B, D] each."""
        images = keras.Input(image_shape, name="images")
        features = self.features(images)
        mean = keras.layers.Dense(self.latent_dim, name="mean")(features)
        head = keras.layers.Dense(self.latent_dim, name=self.scale)(features)
        log_variance = SoftplusScale(name="log_variance")(head) if self.scale == "softplus" else head
        return keras.Model(images, [mean, log_variance], name="encoder")

    def decoder(self, image_shape: ImageShape) -> keras.Model:
        """Latents [B, D] to the parameters of the likelihood, [B, H, W, C], on the whole real line."""
        latent = keras.Input((self.latent_dim,), name="latent")
        return keras.Model(latent, self.outputs(latent, image_shape), name="decoder")

    @abstractmethod
    def features(self, images: Any) -> Any:
        """Images [B, H, W, C] to what the heads read, [B, F]."""

    @abstractmethod
    def outputs(self, latent: Any, image_shape: ImageShape) -> Any:
        """Latents [B, D] to real numbers [B, H, W, C]."""
