"""What every objective is: a loss of a pass of images through a VAE."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, NamedTuple

import keras
from keras import ops

from pipeline.errors import InputError
from pipeline.models.conditioning import read_with
from pipeline.models.objectives.weight_schedule import ByRate, WeightSchedule
from pipeline.models.posterior import Posterior


class Pass(NamedTuple):
    """A pass of B images with K latents each, in D dimensions.

    Attributes:
        posterior: of the images, [B, D].
        latents: that were decoded, [K, B, D].
        distortions: −log p(image | latent), nats, [K, B].
        rates: KL(posterior ‖ prior) of each latent dimension, nats, [B, D].
        weights: of the objective at this step, by name.
        population: the number of images that the batch was drawn from.
        decoder: the network that decoded them.
        seed: of noise that an objective draws itself.
        condition: the one-hot classes of the images, [B, C], of a conditional model.
    """

    posterior: Posterior
    latents: Any
    distortions: Any
    rates: Any
    weights: Mapping[str, Any]
    population: int
    decoder: keras.Model
    seed: keras.random.SeedGenerator
    condition: Any = None

    @property
    def samples(self) -> int:
        """The number K of latents of an image."""
        return int(self.latents.shape[0])

    @property
    def distortion(self) -> Any:
        """The distortion of each image, nats, [B], the mean over its latents."""
        return self.distortions[0] if self.samples == 1 else ops.mean(self.distortions, axis=0)

    def outputs(self, latents: Any) -> Any:
        """The outputs of the decoder, [B, H, W, C], at other latents of the images, [B, D]."""
        return self.decoder(read_with(latents, self.condition))


@dataclass(frozen=True, kw_only=True)
class Objective(ABC):
    """What a training minimises.

    A new objective is a subclass in a file of its own, and one YAML in `conf/objective/` that names it. Rate,
    distortion and ELBO are recorded whatever is minimised.

    Attributes:
        schedule: of one of its weights.
        WEIGHTS: names of the attributes that a schedule may move, the main one first.
        RATE: the name of the weight that lowers the rate; None where there is none.
        PAIRS: whether images of a batch are compared with each other, so that the loss depends on their number.
        DECODES: whether the loss decodes latents anew.
        CURE: what activates latent dimensions that have collapsed.
        sampling: whether latents are drawn from the posterior; else its mean is decoded.
        samples: the number K of latents that are drawn for each image.
    """

    WEIGHTS: ClassVar[tuple[str, ...]] = ("beta",)
    RATE: ClassVar[str | None] = "beta"
    PAIRS: ClassVar[bool] = False
    DECODES: ClassVar[bool] = False
    CURE: ClassVar[str] = "lower objective.beta, or let it rise slowly: objective/schedule=warmup"
    # Without annotations, as they are settings of those objectives alone that declare them, with `field()`.
    sampling = True
    samples = 1

    schedule: WeightSchedule

    def __post_init__(self) -> None:
        """Check that the schedule is of a weight of this objective."""
        if self.schedule.of is not None and self.schedule.of not in self.WEIGHTS:
            raise InputError(
                f"schedule.of={self.schedule.of}: expected a weight of this objective: {', '.join(self.WEIGHTS)}; or "
                "null for the first"
            )
        if isinstance(self.schedule, ByRate) and self.scheduled != self.RATE:
            cure = f"Set objective.schedule.of={self.RATE}" if self.RATE else "Choose another objective, such as vae"
            raise InputError(
                f"objective/schedule=by_rate would move {self.scheduled}; expected a weight that lowers the rate. "
                f"{cure}"
            )

    @property
    def scheduled(self) -> str:
        """The name of the weight that the schedule moves."""
        return self.schedule.of or self.WEIGHTS[0]

    @property
    def weights(self) -> dict[str, float]:
        """The weights by name, as they are set."""
        return {name: float(getattr(self, name)) for name in self.WEIGHTS}

    def has_bound(self, levels: int | None) -> bool:
        """Whether the ELBO is a bound on the likelihood: latents are drawn, or are codes, each of some probability.

        A real number that is encoded without noise has none: the rate is then that of a noise which nobody decoded.

        Args:
            levels: the number of values of a latent dimension; None for real numbers.
        """
        return self.sampling or levels is not None

    def check_batch(self, images: int, latent_dim: int) -> None:  # noqa: B027 — most losses are of any batch
        """Refuse batches of so many images if they are too few for the loss of latents of so many dimensions.

        Raises:
            InputError: they are too few; the message names the settings.
        """

    @abstractmethod
    def loss(self, passed: Pass) -> Any:
        """The mean loss of a batch, nats per image, as far as it is measured in nats."""

    def value(self, passed: Pass) -> Any:
        """The same number where no gradient of it is needed."""
        return self.loss(passed)

    def get_config(self) -> dict[str, Any]:
        """The settings, for Keras to store with the model."""
        settings = {field.name: getattr(self, field.name) for field in fields(self)}
        return settings | {"schedule": keras.saving.serialize_keras_object(self.schedule)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Objective":
        """The objective with the settings that Keras stored."""
        return cls(**config | {"schedule": keras.saving.deserialize_keras_object(config["schedule"])})
