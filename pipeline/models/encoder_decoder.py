"""Encoder, decoder and likelihood: from images to posteriors, and from latents to images."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from pipeline.models.architecture import ImageShape
from pipeline.models.conditioning import read_with
from pipeline.models.likelihood import Likelihood
from pipeline.models.posterior import Posterior
from pipeline.models.quantisation import FiniteScalar
from pipeline.models.summary import summary


class EncoderDecoder(keras.Model):
    """An encoder and a decoder with the likelihood of what it decodes.

    Images are float [B, H, W, C] with pixels in [0, 1]. Labels, int [B], are indices into the class names; they are
    given exactly where the model is conditional.

    Args:
        encoder: network from images, and one-hot classes [B, C] where the model is conditional, to the mean and the log
            variance of their posteriors, [B, D] each.
        decoder: network from latents [B, D], and such classes, to the parameters of the likelihood, [B, H, W, C].
        likelihood: distribution of images given these parameters.
        class_names: of the classes that a conditional model is told, in the order of the labels; else none.
    """

    def __init__(
        self,
        *,
        encoder: keras.Model,
        decoder: keras.Model,
        likelihood: Likelihood,
        class_names: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood = likelihood
        self.class_names = tuple(class_names)

    @property
    def conditional(self) -> bool:
        """Whether encoder and decoder are told the class of an image."""
        return bool(self.class_names)

    @property
    def levels(self) -> int | None:
        """The number of values of each latent dimension; None where latents are real numbers."""
        return next((layer.levels for layer in self.encoder.layers if isinstance(layer, FiniteScalar)), None)

    @property
    def image_shape(self) -> ImageShape:
        """Height and width in pixels, and channels, of the images that the model was made for."""
        return tuple(self.encoder.inputs[0].shape[1:])

    @property
    def latent_dim(self) -> int:
        """Dimensions of the latent space."""
        return int(self.decoder.inputs[0].shape[-1])

    def text_summary(self) -> str:
        """The layers of encoder and decoder with their output shapes and numbers of parameters, as text."""
        return "\n".join(summary(part) for part in (self.encoder, self.decoder))

    @property
    def learned(self) -> list[keras.Variable]:
        """The weights of the networks and of the likelihood."""
        return [*self.encoder.weights, *self.decoder.weights, *self.likelihood.weights]

    def condition(self, labels: Any) -> Any:
        """The one-hot classes, float [B, C], of labels; None of a model that is not conditional.

        Raises:
            ValueError: a conditional model lacks labels, or another one is given some.
        """
        if (labels is None) == self.conditional:
            raise ValueError(f"labels: {labels}; expected some exactly where the model is conditional")
        return ops.one_hot(labels, len(self.class_names), dtype="float32") if self.conditional else None

    def posterior(self, images: Any, labels: Any = None, training: bool = False) -> Posterior:
        """The posterior q(z | image) of each image [B, H, W, C], or q(z | image, class)."""
        return Posterior(*self.encoder(read_with(images, self.condition(labels)), training=training))

    def rates(self, posterior: Posterior) -> Any:
        """The rate of every latent dimension, nats, [B, D]: KL(posterior ‖ prior), log L where there are L values."""
        if self.levels is None:
            return posterior.rates()
        return ops.full_like(ops.cast(posterior.mean, "float32"), math.log(self.levels))

    def outputs(self, latents: Any, labels: Any = None, training: bool = False) -> Any:
        """The parameters of the likelihood, [B, H, W, C], at latents [B, D]."""
        return self.decoder(read_with(latents, self.condition(labels)), training=training)

    def decode(self, latents: Any, labels: Any = None) -> Any:
        """The expected image of each latent [B, D]: float [B, H, W, C]."""
        return self.likelihood.mean(self.outputs(latents, labels))

    def reconstruct(self, images: Any, labels: Any = None) -> Any:
        """Images decoded from the posterior mean of images, without noise, both [B, H, W, C]."""
        return self.decode(self.posterior(images, labels).mean, labels)
