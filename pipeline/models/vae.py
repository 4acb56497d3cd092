"""The variational autoencoder: encoder, decoder, likelihood and objective as one Keras model."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

import pipeline.models.objective
import pipeline.models.optimal_gaussian  # noqa: F401 — and this likelihood
from pipeline.models.architecture import Architecture, ImageShape
from pipeline.models.conditioning import separated
from pipeline.models.encoder_decoder import EncoderDecoder
from pipeline.models.likelihood import Likelihood
from pipeline.models.objectives.objective import Objective, Pass
from pipeline.models.objectives.weight_schedule import ByRate
from pipeline.models.posterior import Posterior


@keras.saving.register_keras_serializable("pipeline")
class VAE(EncoderDecoder):
    """A VAE that `fit`, `evaluate`, `predict` and `save` treat as any Keras model (Kingma and Welling 2014).

    Its inputs are images, float [B, H, W, C] with pixels in [0, 1], or of a conditional model pairs of images and
    labels, int [B]. `predict` gives images decoded from the posterior mean.

    Args:
        objective: what a training minimises.
        seed: of the latent noise.
        parts: encoder, decoder, likelihood and class names, as `EncoderDecoder` takes them, and Keras' own.

    Attributes:
        weight: that the schedule of the objective moves, as it is now.
        population: the number of images that batches are drawn from.
    """

    def __init__(self, *, objective: Objective, seed: int = 0, **parts: Any) -> None:
        super().__init__(**parts)
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
    def has_bound(self) -> bool:
        """Whether its ELBO is a bound on the likelihood."""
        return self.objective.has_bound(self.levels)

    def forward(self, inputs: Any, noise: keras.random.SeedGenerator, training: bool = False) -> dict[str, Any]:
        """A pass of inputs: `mean`, `log_variance` and `latents`, and `outputs` of the decoder.

        Mean and log variance are [B, D]. The latents, [K, B, D], are drawn from the posterior, or are its mean where
        the objective draws none; the outputs are those of each of them, [K * B, H, W, C].
        """
        images, labels = separated(inputs)
        posterior = self.posterior(images, labels, training)
        sampling, samples = self.objective.sampling, self.objective.samples
        latents = posterior.sample(noise, samples) if sampling else posterior.mean[None]
        repeated = labels if labels is None or samples == 1 else ops.tile(labels, samples)
        outputs = self.outputs(ops.reshape(latents, (-1, self.latent_dim)), repeated, training)
        passed = {"mean": posterior.mean, "log_variance": posterior.log_variance}
        return passed | {"latents": latents, "outputs": outputs}

    def call(self, inputs: Any, training: bool = False) -> dict[str, Any]:
        """The result of `forward` for inputs with the model's own stream of noise."""
        return self.forward(inputs, self.noise, training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The loss of a batch, nats per image, of inputs `x` and the result `y_pred` of `call` for them.

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

    def _passed(self, inputs: Any, passed: dict[str, Any], training: bool) -> Pass:
        images, labels = separated(inputs)
        posterior = Posterior(passed["mean"], passed["log_variance"])
        samples = self.objective.samples
        shown = images if samples == 1 else ops.tile(images, (samples, 1, 1, 1))
        distortions = ops.reshape(self.likelihood(shown, passed["outputs"], training=training), (samples, -1))
        is_final = not (training or isinstance(self.objective.schedule, ByRate))
        weights = self.objective.weights | ({} if is_final else {self.objective.scheduled: self.weight})
        return Pass(
            posterior=posterior,
            latents=passed["latents"],
            distortions=distortions,
            rates=self.rates(posterior),
            weights=weights,
            population=self.population,
            decoder=self.decoder,
            seed=self.noise,
            condition=self.condition(labels),
        )

    def get_metrics_result(self) -> dict[str, Any]:
        """The means over the epoch so far, nats per image: loss, rate, distortion, elbo."""
        means = super().get_metrics_result()
        return means | {"elbo": -(means["rate"] + means["distortion"])}

    def predict_step(self, data: Any) -> Any:
        """Reconstructions [B, H, W, C], so that `predict` of a stored model gives images."""
        inputs, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        return self.reconstruct(*separated(inputs))

    def get_config(self) -> dict[str, Any]:
        parts = {
            name: keras.saving.serialize_keras_object(getattr(self, name))
            for name in ("encoder", "decoder", "likelihood", "objective")
        }
        return super().get_config() | parts | {"seed": self.seed, "class_names": self.class_names}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "VAE":
        parts = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects)
            for name in ("encoder", "decoder", "likelihood", "objective")
        }
        return cls(**config | parts)


def assemble(
    *,
    architecture: Architecture,
    likelihood: Likelihood,
    objective: Objective,
    image_shape: ImageShape,
    seed: int,
    class_names: Sequence[str] = (),
) -> VAE:
    """A VAE with new weights for images of this shape, which is told the classes of these names if there are any.

    Raises:
        InputError: the architecture is for larger images.
    """
    keras.utils.set_random_seed(seed)
    classes = [len(class_names)] if class_names else []  # not 0, as users' own architectures may take none
    return VAE(
        encoder=architecture.encoder(image_shape, *classes),
        decoder=architecture.decoder(image_shape, *classes),
        likelihood=likelihood,
        class_names=class_names,
        objective=objective,
        seed=seed,
        name="vae",
    )
