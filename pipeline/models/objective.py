"""The former place of the objectives, which stored configs and models still name."""

from dataclasses import dataclass, field
from typing import Any

import keras

from pipeline.config.values import Natural
from pipeline.models.objectives.weight_schedule import Constant, Warmup, WeightSchedule
from pipeline.models.objectives.weighted_elbo import WeightedElbo


@keras.saving.register_keras_serializable("pipeline")
@dataclass(frozen=True, kw_only=True)
class Objective(WeightedElbo):
    """The weighted ELBO with the warm-up that it had as a setting of its own.

    Attributes:
        warmup_epochs: epochs over which beta rises from 0 to its value while training; 0 starts at the value.
    """

    warmup_epochs: Natural
    schedule: WeightSchedule = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the schedule."""
        schedule = Warmup(of=None, epochs=self.warmup_epochs) if self.warmup_epochs else Constant(of=None)
        object.__setattr__(self, "schedule", schedule)

    def get_config(self) -> dict[str, Any]:
        """The settings, for Keras to store with the model."""
        config = super().get_config()
        del config["schedule"]
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Objective":
        """The objective with the settings that Keras stored."""
        return cls(**config)
