"""The settings of one training: every part that its config describes, checked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pipeline.config.build import build, trusted_of
from pipeline.config.composition import CHOICES
from pipeline.config.names import Config
from pipeline.data.images import ImageData
from pipeline.data.settings import DatasetSettings
from pipeline.errors import InputError
from pipeline.evaluation.settings import EvaluationSettings
from pipeline.models.architecture import Architecture
from pipeline.models.conditioning import classes_of
from pipeline.models.likelihood import Likelihood
from pipeline.models.objectives.objective import Objective
from pipeline.models.vae import VAE, assemble
from pipeline.pictures.settings import PictureSettings
from pipeline.runtime import RuntimeSettings
from pipeline.text.wording import did_you_mean
from pipeline.tracking.settings import TrackingSettings
from pipeline.training.settings import TrainingSettings


@dataclass(frozen=True, kw_only=True)
class Setup:
    """The settings of one training, each checked for type and range."""

    dataset: DatasetSettings
    model: Architecture
    likelihood: Likelihood
    objective: Objective
    training: TrainingSettings
    evaluation: EvaluationSettings
    pictures: PictureSettings
    tracking: TrackingSettings

    @classmethod
    def from_config(cls, config: Config) -> "Setup":
        """Build every part that a composed config describes.

        Raises:
            InputError: naming the key, the value and the cure.
        """
        _refuse_unknown_parts(config, cls.__annotations__)
        trusted = trusted_of(config)
        # Threads and precision must be set before the other parts make their first variables.
        runtime: RuntimeSettings = build(
            config["training"].get("runtime") or {}, "training.runtime", trusted, expected=RuntimeSettings
        )
        runtime.apply()
        parts = cls.__annotations__.items()
        return cls(**{name: build(config[name], name, trusted, expected=expected) for name, expected in parts})

    def model_for(self, data: ImageData) -> VAE:
        """The model with fresh weights.

        Raises:
            InputError: the images are not those of a model like this, its latents are drawn and rounded at once, or
                batches are too small for the objective; the message names the setting.
        """
        self.objective.check_batch(min(self.training.batch_size, len(data.train)), self.model.latent_dim)
        if self.model.levels is not None and self.objective.sampling:
            raise InputError(
                f"model.levels={self.model.levels}: latents that are rounded to codes are not drawn; expected an "
                "objective that draws none. Set objective=autoencoder, or model.levels=null"
            )
        return assemble(
            architecture=self.model,
            likelihood=self.likelihood,
            objective=self.objective,
            image_shape=data.image_shape,
            seed=self.training.seed,
            class_names=classes_of(data) if self.model.conditional else (),
        )


def _refuse_unknown_parts(config: Config, parts: Collection[str]) -> None:
    for name in config.keys() - {*parts, "sweep", "trusted", "resume", "init", CHOICES}:
        hint = did_you_mean(name, parts)
        raise InputError(f"{name}: no such key. {hint}There are: {', '.join(parts)}")
    for name in parts:
        if not isinstance(config.get(name), Mapping):
            raise InputError(f"{name}: missing. A training needs one: {name}=…, of the options that --help lists")
    if "learning_rate" in (config["training"].get("optimizer") or ()):
        raise InputError("training.optimizer.learning_rate: is set by the schedule. Set training.learning_rate=…")
