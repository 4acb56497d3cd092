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

    Images are float [B, H, W, C] with pixels in [0, 1]. `predict` gives images decoded from the posterior mean.

    Args:
        encoder: network from images to the mean and the log variance of their posteriors, [B, D] each.
        decoder: network from latents [B, D] to the parameters of the likelihood, [B, H, W, C].
        likelihood: distribution of images given these parameters.
        objective: the weights of rate and distortion in the loss.
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
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood = likelihood
        self.objective = objective
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
        """Height and width in pixels, and channels, of the images that the model was made for."""
        return tuple(self.encoder.input_shape[1:])

    @property
    def latent_dim(self) -> int:
        """Dimensions of the latent space."""
        return int(self.decoder.input_shape[-1])

    def text_summary(self) -> str:
        """The layers of encoder and decoder with their output shapes and numbers of parameters, as text."""
        return "\n".join(summary(part) for part in (self.encoder, self.decoder))

    def begin_with(self, other: "VAE") -> None:
        """Copy the weights of another model, whose networks and likelihood must have weights of the same shapes.

        Raises:
            InputError: a weight has another shape; the message names the first one.
        """
        for mine, its in zip_longest(self.learned, other.learned):
            if mine is None or its is None or mine.shape != its.shape:
                raise InputError(
                    f"the weights of this run do not fit the model: it has {_size(its)}; expected {_size(mine)}. Name "
                    "a run with the same model and likelihood"
                )
        for mine, its in zip(self.learned, other.learned, strict=True):
            mine.assign(its)

    @property
    def learned(self) -> list[keras.Variable]:
        """The weights of the networks and of the likelihood."""
        return [*self.encoder.weights, *self.decoder.weights, *self.likelihood.weights]

    def posterior(self, images: Any, training: bool = False) -> Posterior:
        """The posterior q(z | image) of each image [B, H, W, C]."""
        return Posterior(*self.encoder(images, training=training))

    def decode(self, latents: Any) -> Any:
        """The expected image of each latent [B, D]: float [B, H, W, C]."""
        return self.likelihood.mean(self.decoder(latents, training=False))

    def reconstruct(self, images: Any) -> Any:
        """Images decoded from the posterior mean of images, without noise, both [B, H, W, C]."""
        return self.decode(self.posterior(images).mean)

    def forward(self, images: Any, noise: keras.random.SeedGenerator, training: bool = False) -> dict[str, Any]:
        """A pass of images [B, H, W, C]: the posterior's `mean` and `log_variance`, and the decoder's `outputs`.

        The posterior's arrays are [B, D]. The outputs, [B, H, W, C], are those of a latent drawn from the posterior, or
        of its mean without sampling.
        """
        posterior = self.posterior(images, training)
        latent = posterior.sample(noise) if self.objective.sampling else posterior.mean
        outputs = self.decoder(latent, training=training)
        return {"mean": posterior.mean, "log_variance": posterior.log_variance, "outputs": outputs}

    def call(self, images: Any, training: bool = False) -> dict[str, Any]:
        """The result of `forward` for images [B, H, W, C] with the model's own stream of noise."""
        return self.forward(images, self.noise, training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The loss of a batch, nats per image, of images `x` [B, H, W, C] and the result `y_pred` of `call` for them.

        Validation uses the final weights of the objective.
        """
        rates = Posterior(y_pred["mean"], y_pred["log_variance"]).rates()
        distortion = self.likelihood(x, y_pred["outputs"])
        self.rate_tracker.update_state(ops.sum(rates, axis=-1))
        self.distortion_tracker.update_state(distortion)
        return self.objective.loss(rates, distortion, self.beta if training else self.objective.beta)

    def get_metrics_result(self) -> dict[str, Any]:
        """The means over the epoch so far, nats per image: loss, rate, distortion, elbo."""
        means = super().get_metrics_result()
        return means | {"elbo": -(means["rate"] + means["distortion"])}

    def predict_step(self, data: Any) -> Any:
        """Reconstructions [B, H, W, C], so that `predict` of a stored model gives images."""
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
    return "no further weight" if weight is None else f"{weight.path} {list(weight.shape)}"


def assemble(
    *, architecture: Architecture, likelihood: Likelihood, objective: Objective, image_shape: ImageShape, seed: int
) -> VAE:
    """A VAE with new weights for images of this shape.

    Raises:
        InputError: the architecture is for larger images.
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
