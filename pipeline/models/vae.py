"""The variational autoencoder: encoder, decoder, likelihood and objective as one Keras model."""

from typing import Any

import keras
from keras import ops

import pipeline.models.objective
import pipeline.models.optimal_gaussian  # noqa: F401 — and this likelihood
from pipeline.models.architecture import Architecture, ImageShape
from pipeline.models.likelihood import Likelihood
from pipeline.models.objectives.objective import Objective, Pass
from pipeline.models.objectives.weight_schedule import ByRate
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
        objective: what a training minimises.
        seed: of the latent noise.

    Attributes:
        weight: that the schedule of the objective moves, as it is now.
        population: the number of images that batches are drawn from.
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
        self.population = 1
        # A variable, because a Python number would be baked into the compiled training step and could not be annealed.
        self.weight = self._number(objective.scheduled, objective.weights[objective.scheduled])
        if isinstance(objective.schedule, ByRate):
            self.integral = self._number("integral", 0.0)
        self.rate_tracker = keras.metrics.Mean(name="rate")
        self.distortion_tracker = keras.metrics.Mean(name="distortion")
        self.built = True  # encoder, decoder and likelihood came with their weights

    def _number(self, name: str, initial: float) -> keras.Variable:
        initializer = keras.initializers.Constant(initial)
        return self.add_weight(shape=(), initializer=initializer, trainable=False, dtype="float32", name=name)

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
        """A pass of images [B, H, W, C]: `mean`, `log_variance` and `latents`, and `outputs` of the decoder.

        Mean and log variance are [B, D]. The latents, [K, B, D], are drawn from the posterior, or are its mean where
        the objective draws none; the outputs are those of each of them, [K * B, H, W, C].
        """
        posterior = self.posterior(images, training)
        sampling, samples = self.objective.sampling, self.objective.samples
        latents = posterior.sample(noise, samples) if sampling else posterior.mean[None]
        outputs = self.decoder(ops.reshape(latents, (-1, self.latent_dim)), training=training)
        passed = {"mean": posterior.mean, "log_variance": posterior.log_variance}
        return passed | {"latents": latents, "outputs": outputs}

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
        passed = self._passed(x, y_pred, training)
        rate = ops.sum(passed.rates, axis=-1)
        self.rate_tracker.update_state(rate)
        self.distortion_tracker.update_state(passed.distortion)
        if training and isinstance(self.objective.schedule, ByRate):
            weight, integral = self.objective.schedule.step(self.integral, ops.stop_gradient(ops.mean(rate)))
            self.integral.assign(integral)
            self.weight.assign(weight)
        return self.objective.loss(passed) if training else self.objective.value(passed)

    def _passed(self, images: Any, passed: dict[str, Any], training: bool) -> Pass:
        posterior = Posterior(passed["mean"], passed["log_variance"])
        samples = self.objective.samples
        shown = images if samples == 1 else ops.tile(images, (samples, 1, 1, 1))
        distortions = ops.reshape(self.likelihood(shown, passed["outputs"], training=training), (samples, -1))
        is_final = not (training or isinstance(self.objective.schedule, ByRate))
        weights = self.objective.weights | ({} if is_final else {self.objective.scheduled: self.weight})
        return Pass(
            images=images,
            posterior=posterior,
            latents=passed["latents"],
            distortions=distortions,
            rates=posterior.rates(),
            weights=weights,
            population=self.population,
            decoder=self.decoder,
            seed=self.noise,
        )

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
