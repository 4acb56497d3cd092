"""The settings of one training: every part that its config describes, checked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pipeline.config.build import build, trusted_of
from pipeline.config.composition import CHOICES
from pipeline.config.names import Config
from pipeline.data.dataset import Dataset
from pipeline.data.images import ImageData
from pipeline.errors import InputError
from pipeline.evaluation.scoring import Scoring
from pipeline.models.architecture import Architecture
from pipeline.models.likelihood import Likelihood
from pipeline.models.objective import Objective
from pipeline.models.vae import VAE, assemble
from pipeline.pictures.settings import PictureSettings
from pipeline.runtime import Runtime
from pipeline.text.wording import did_you_mean
from pipeline.tracking.settings import Tracking
from pipeline.training.settings import Training


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """The settings of one training, each checked for type and range."""

    dataset: Dataset
    model: Architecture
    likelihood: Likelihood
    objective: Objective
    training: Training
    evaluation: Scoring
    pictures: PictureSettings
    tracking: Tracking

    @classmethod
    def from_config(cls, config: Config) -> "Experiment":
        """Build every part that a composed config describes.

        Raises:
            InputError: naming the key, the value and the cure.
        """
        _refuse_unknown_parts(config, cls.__annotations__)
        trusted = trusted_of(config)
        # Threads and precision must be set before the other parts make their first variables.
        runtime: Runtime = build(config["training"].get("runtime") or {}, "training.runtime", trusted, expected=Runtime)
        runtime.apply()
        parts = cls.__annotations__.items()
        return cls(**{name: build(config[name], name, trusted, expected=expected) for name, expected in parts})

    def model_for(self, data: ImageData) -> VAE:
        """The model with fresh weights."""
        return assemble(
            architecture=self.model,
            likelihood=self.likelihood,
            objective=self.objective,
            image_shape=data.image_shape,
            seed=self.training.seed,
        )


def _refuse_unknown_parts(config: Config, parts: Collection[str]) -> None:
    for name in config.keys() - {*parts, "sweep", "trusted", "resume", "init", CHOICES}:
        hint = did_you_mean(name, parts)
        raise InputError(f"{name}: no such key. {hint}There are: {', '.join(parts)}")
    for name in parts:
        if not isinstance(config.get(name), Mapping):
            raise InputError(f"{name}: missing. A training needs one: {name}=…, of the options that --help lists")
    if "learning_rate" in (config["training"].get("optimizer") or ()):
        raise InputError("training.optimizer.learning_rate: belongs to the schedule. Say training.learning_rate=…")
