"""The variational autoencoder: encoder, decoder, likelihood and objective as one Keras model."""

from itertools import zip_longest
from typing import Any

import keras
from keras import ops

from pipeline.errors import InputError
from pipeline.models.architecture import Architecture, ImageShape
from pipeline.models.likelihood import Likelihood
from pipeline.models.objective import Objective
from pipeline.models.posterior import Posterior
from pipeline.models.summary import summary


@keras.saving.register_keras_serializable("pipeline")
class VAE(keras.Model):
    """A VAE that `fit`, `evaluate`, `predict` and `save` treat as any Keras model (Kingma and Welling 2014).

    Images are float [B, H, W, C] with pixels in [0, 1]. `predict` gives reconstructions from the posterior mean.

    Args:
        encoder: images to the posterior's mean and log variance, [B, D] each.
        decoder: latents [B, D] to the parameters of the likelihood, [B, H, W, C].
        likelihood, objective: how outputs become a distortion, and how the parts are weighed.
        seed: of the latent noise.
    """

    def __init__(
        self,
        *,
        encoder: keras.Model,
        decoder: keras.Model,
        likelihood: Likelihood,
        objective: Objective,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.encoder, self.decoder, self.likelihood, self.objective = encoder, decoder, likelihood, objective
        self.seed = seed
        self.noise = keras.random.SeedGenerator(seed)
        # A variable, because a Python number would be baked into the compiled training step and could not be annealed.
        self.beta = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(objective.beta),
            trainable=False,
            dtype="float32",
            name="beta",
        )
        self.rate_tracker = keras.metrics.Mean(name="rate")
        self.distortion_tracker = keras.metrics.Mean(name="distortion")
        self.built = True  # encoder, decoder and likelihood came with their weights

    @property
    def image_shape(self) -> ImageShape:
        """Height, width and channels of the images it was made for."""
        return tuple(self.encoder.input_shape[1:])

    @property
    def latent_dim(self) -> int:
        """Dimensions of the latent space."""
        return int(self.decoder.input_shape[-1])

    def text_summary(self) -> str:
        """The layers of encoder and decoder with their output shapes and numbers of parameters, as text."""
        return "\n".join(summary(part) for part in (self.encoder, self.decoder))

    def begin_with(self, other: "VAE") -> None:
        """Take over the weights of another model, whose networks and likelihood must be of the same sizes.

        Raises:
            InputError: naming the first weight that does not fit.
        """
        for mine, its in zip_longest(self.learned, other.learned):
            if mine is None or its is None or mine.shape != its.shape:
                raise InputError(f"its weights do not fit this model: {_size(its)} there, {_size(mine)} here")
        for mine, its in zip(self.learned, other.learned, strict=True):
            mine.assign(its)

    @property
    def learned(self) -> list[keras.Variable]:
        """The weights of the networks and of the likelihood."""
        return [*self.encoder.weights, *self.decoder.weights, *self.likelihood.weights]

    def posterior(self, images: Any, training: bool = False) -> Posterior:
        """q(z | image) for each image."""
        return Posterior(*self.encoder(images, training=training))

    def decode(self, latents: Any) -> Any:
        """The expected image at each latent [B, D]: [B, H, W, C]."""
        return self.likelihood.mean(self.decoder(latents, training=False))

    def reconstruct(self, images: Any) -> Any:
        """Each image decoded from its posterior mean, without noise."""
        return self.decode(self.posterior(images).mean)

    def forward(self, images: Any, noise: keras.random.SeedGenerator, training: bool = False) -> dict[str, Any]:
        """One pass: the posterior's `mean` and `log_variance` [B, D], the decoder's `outputs` at a drawn latent."""
        posterior = self.posterior(images, training)
        latent = posterior.sample(noise) if self.objective.sampling else posterior.mean
        outputs = self.decoder(latent, training=training)
        return {"mean": posterior.mean, "log_variance": posterior.log_variance, "outputs": outputs}

    def call(self, images: Any, training: bool = False) -> dict[str, Any]:
        """What `forward` gives, with the model's own stream of noise."""
        return self.forward(images, self.noise, training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The objective for a batch of images `x` and the pass `y_pred`; validation uses the final weights."""
        rates = Posterior(y_pred["mean"], y_pred["log_variance"]).rates()
        distortion = self.likelihood(x, y_pred["outputs"])
        self.rate_tracker.update_state(ops.sum(rates, axis=-1))
        self.distortion_tracker.update_state(distortion)
        return self.objective.loss(rates, distortion, self.beta if training else self.objective.beta)

    def get_metrics_result(self) -> dict[str, Any]:
        """Means over the epoch so far: loss, rate, distortion, elbo."""
        means = super().get_metrics_result()
        return means | {"elbo": -(means["rate"] + means["distortion"])}

    def predict_step(self, data: Any) -> Any:
        """Reconstructions, so that whoever loads the stored model and calls `predict` gets images."""
        images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        return self.reconstruct(images)

    def get_config(self) -> dict[str, Any]:
        parts = {
            name: keras.saving.serialize_keras_object(getattr(self, name))
            for name in ("encoder", "decoder", "likelihood", "objective")
        }
        return super().get_config() | parts | {"seed": self.seed}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "VAE":
        parts = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects)
            for name in ("encoder", "decoder", "likelihood", "objective")
        }
        return cls(**config | parts)


def _size(weight: keras.Variable | None) -> str:
    return "none" if weight is None else f"{weight.path} {list(weight.shape)}"


def assemble(
    *, architecture: Architecture, likelihood: Likelihood, objective: Objective, image_shape: ImageShape, seed: int
) -> VAE:
    """A VAE with fresh weights for images of this shape.

    Raises:
        InputError: the architecture cannot take images of this shape.
    """
    keras.utils.set_random_seed(seed)
    return VAE(
        encoder=architecture.encoder(image_shape),
        decoder=architecture.decoder(image_shape),
        likelihood=likelihood,
        objective=objective,
        seed=seed,
        name="vae",
    )
