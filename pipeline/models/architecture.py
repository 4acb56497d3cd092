"""Architectures: networks that encode images into the parameters of a posterior and decode latents into images."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast

import keras
from pydantic import AfterValidator, BeforeValidator, Field

from pipeline.config.values import Count
from pipeline.errors import InputError
from pipeline.models.conditioning import class_input, joined, read_with
from pipeline.models.posterior import SoftplusScale
from pipeline.models.quantisation import FiniteScalar, NearestCode


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

Levels = Annotated[Count, Field(ge=2, examples=[5])] | None
"""The number of values of a latent dimension."""
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
        conditional: whether encoder and decoder are told the class of an image.
        levels: the number of values of each latent dimension, which is rounded to them (finite scalar quantisation);
            None leaves it a real number.
    """

    # Without annotations, as they are settings of those architectures alone that declare them, with `field()`.
    conditional = False
    levels = cast("int | None", None)

    latent_dim: LatentDim
    scale: Literal["log_variance", "softplus"]
    activation: Activation
    initializer: Initializer

    def encoder(self, image_shape: ImageShape, classes: int = 0) -> keras.Model:
        """A network from images, float [B, H, W, C], to mean and log variance of their posteriors, [B, D] each.

        Of several `classes` it reads one-hot vectors, [B, classes], too.

        Raises:
            InputError: the features of this architecture take no classes, are not one vector for each image, or the
                images are too small for it.
        """
        images, condition = keras.Input(image_shape, name="images"), class_input(classes)
        features = self.features(images) if condition is None else self._features_of(images, condition)
        if len(features.shape) != 2:
            raise InputError(
                f"model: the features of {type(self).__name__} have shape {list(features.shape[1:])} for each image; "
                "expected a vector, [F]. End the method features with Flatten or GlobalAveragePooling2D"
            )
        parameters = self._posterior(features) if self.levels is None else self._code(features, self.levels)
        return self._initialised(keras.Model(read_with(images, condition), parameters, name="encoder"))

    def decoder(self, image_shape: ImageShape, classes: int = 0) -> keras.Model:
        """A network from latents, float [B, D], to the parameters of the likelihood, real numbers [B, H, W, C].

        Of several `classes` it reads one-hot vectors, [B, classes], too.

        Raises:
            InputError: the outputs of this architecture have another shape than the images.
        """
        latent, condition = keras.Input((self.latent_dim,), name="latent"), class_input(classes)
        read = latent if self.levels is None else NearestCode(self.levels, name="nearest_code")(latent)
        outputs = self.outputs(joined(read, condition), image_shape)
        if not _fits(outputs.shape[1:], image_shape):
            raise InputError(
                f"model: the outputs of {type(self).__name__} have shape {list(outputs.shape[1:])} for each latent; "
                f"expected that of an image, {list(image_shape)}. Correct the method outputs, such as by Reshape"
            )
        return self._initialised(keras.Model(read_with(latent, condition), outputs, name="decoder"))

    def _posterior(self, features: Any) -> list[Any]:
        mean = keras.layers.Dense(self.latent_dim, name="mean")(features)
        head = keras.layers.Dense(self.latent_dim, name=self.scale)(features)
        return [mean, SoftplusScale(name="log_variance")(head) if self.scale == "softplus" else head]

    def _code(self, features: Any, levels: int) -> list[Any]:
        raw = keras.layers.Dense(self.latent_dim, name="mean")(features)
        # Without it the first codes of all images may be 0, where a decoder of ReLUs has no gradient to leave it by.
        normalised = keras.layers.BatchNormalization(momentum=0.9, center=False, scale=False, name="normalised")(raw)
        return list(FiniteScalar(levels, name="code")(normalised))

    def _features_of(self, images: Any, condition: Any) -> Any:
        if "condition" not in inspect.signature(self.features).parameters:
            raise InputError(
                f"model.conditional=true: the method features of {type(self).__name__} takes images alone; expected a "
                "second parameter, condition, for their one-hot classes. Add it, or set model.conditional=false"
            )
        return self.features(images, condition)

    def _initialised(self, network: keras.Model) -> keras.Model:
        if self.initializer is None:
            return network
        for layer in network.layers:
            if hasattr(layer, "kernel"):
                # Each layer has a clone, since one initializer gives all layers of a shape the same values.
                layer.kernel.assign(self.initializer.clone()(layer.kernel.shape, layer.kernel.dtype))
        return network

    @abstractmethod
    def features(self, images: Any, condition: Any = None) -> Any:
        """The features that both heads of the encoder read, [B, F], of images [B, H, W, C].

        The condition is their one-hot classes, [B, C], of a conditional model.
        """

    @abstractmethod
    def outputs(self, latent: Any, image_shape: ImageShape) -> Any:
        """The outputs of the decoder, real numbers [B, H, W, C], for latents [B, D].

        Of a conditional model the one-hot classes stand behind each latent, [B, D + C].
        """


def _fits(shape: Sequence[int | None], image_shape: ImageShape) -> bool:
    """Tell whether outputs of a shape, some of it known at work alone, lie on the pixels of images.

    A likelihood of a user's may read several numbers for each channel.
    """
    return len(shape) == 3 and all(size in (None, wanted) for size, wanted in zip(shape[:2], image_shape, strict=False))
