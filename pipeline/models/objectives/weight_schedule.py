"""Schedules of weights: the course of a weight of an objective over a training."""

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any

import keras
from keras import ops

from pipeline.config.values import Count, Positive, Share, Text, Weight
from pipeline.errors import InputError


@dataclass(frozen=True, kw_only=True)
class WeightSchedule(ABC):
    """The course of a weight: which share of its setting it has in each epoch, or how it follows the rate.

    Attributes:
        of: the name of the weight; null is the main one of the objective, such as beta.
    """

    of: Text | None

    @property
    @abstractmethod
    def final_from(self) -> int | None:
        """The first epoch, counted from 0, from which on the weight is what it is set to; None if it never is.

        Epochs before are neither the best of a training nor a reason to stop it or to prune its trial.
        """

    def share(self, epoch: int) -> float:
        """The share of its setting that the weight has while training in an epoch, counted from 0."""
        return 1.0

    def get_config(self) -> dict[str, Any]:
        """The settings, for Keras to store with the model."""
        return asdict(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "WeightSchedule":
        """The schedule with the settings that Keras stored."""
        return cls(**config)


@keras.saving.register_keras_serializable("pipeline", "ConstantWeight")
@dataclass(frozen=True, kw_only=True)
class Constant(WeightSchedule):
    """A constant weight."""

    @property
    def final_from(self) -> int:
        return 0


@keras.saving.register_keras_serializable("pipeline")
@dataclass(frozen=True, kw_only=True)
class Warmup(WeightSchedule):
    """A linear rise from 0 (Sønderby et al. 2016; that of Bowman et al. 2016 follows a sigmoid).

    Attributes:
        epochs: that the rise takes.
    """

    epochs: Count

    @property
    def final_from(self) -> int:
        return self.epochs

    def share(self, epoch: int) -> float:
        return min(1.0, epoch / self.epochs)


@keras.saving.register_keras_serializable("pipeline")
@dataclass(frozen=True, kw_only=True)
class Cyclical(WeightSchedule):
    """A linear rise from 0 that is repeated; after the last cycle the weight stays (Fu et al. 2019, eq. 6 and 7).

    Attributes:
        cycles: that there are.
        epochs: that each takes.
        rise: the share of a cycle that the rise takes; for the rest of it the weight is what it is set to.
    """

    cycles: Count
    epochs: Count
    rise: Share

    @property
    def final_from(self) -> int:
        return max((epoch + 1 for epoch in range(self.epochs * self.cycles) if self.share(epoch) < 1), default=0)

    def share(self, epoch: int) -> float:
        if epoch >= self.epochs * self.cycles or self.rise == 0:
            return 1.0
        return min(1.0, (epoch % self.epochs) / self.epochs / self.rise)


@keras.saving.register_keras_serializable("pipeline")
@dataclass(frozen=True, kw_only=True)
class ByRate(WeightSchedule):
    """A controller that moves the weight after each step until the rate is what is wanted (Shao et al. 2020).

    The weight is `least` + P + I, at most `most`, where P = proportional / (1 + exp(wanted − rate)), and I is the sum
    of integral · (rate − wanted) over all steps. I is kept between 0 and `most` − `least`, so that it does not go on to
    grow while the weight is at a bound.

    Attributes:
        rate: that is wanted, nats per image.
        proportional, integral: the gains of the two parts.
        least, most: the bounds of the weight.
    """

    rate: Positive
    proportional: Weight
    integral: Weight
    least: Weight
    most: Positive

    def __post_init__(self) -> None:
        """Check the bounds."""
        if self.least > self.most:
            raise InputError(f"schedule.least={self.least:g} is above schedule.most={self.most:g}. Exchange them")

    @property
    def final_from(self) -> None:
        return None

    def step(self, total: Any, rate: Any) -> tuple[Any, Any]:
        """The weight, and its integral part from that of before, after a step in which the rate was so many nats."""
        missed = self.rate - rate
        total = ops.clip(total - self.integral * missed, 0.0, self.most - self.least)
        return ops.minimum(self.least + self.proportional * ops.sigmoid(-missed) + total, self.most), total
