"""Schedules: the learning rate in the course of a training."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated

import keras
from pydantic import AfterValidator, Field

from pipeline.config.values import Count, Positive, Share


def _rising(milestones: list[int]) -> list[int]:
    if milestones != sorted(set(milestones)):
        raise ValueError("numbers of epochs in rising order, each once")
    return milestones


Milestones = Annotated[list[Count], Field(min_length=1), AfterValidator(_rising), Field(examples=[[10, 20]])]
"""Numbers of epochs, at least one, each larger than the one before."""


class Schedule(ABC):
    """The course of a learning rate for any peak and any length of the training."""

    @abstractmethod
    def __call__(
        self, peak: float, *, epochs: int, steps_per_epoch: int
    ) -> float | keras.optimizers.schedules.LearningRateSchedule:
        """The learning rate of a training, or a Keras schedule that gives it for each optimizer step.

        Args:
            peak: the setting `training.learning_rate`.
            epochs: of the training.
            steps_per_epoch: optimizer steps in an epoch.
        """


@dataclass(frozen=True, kw_only=True)
class Constant(Schedule):
    """A constant learning rate."""

    def __call__(self, peak: float, *, epochs: int, steps_per_epoch: int) -> float:
        return peak


@dataclass(frozen=True, kw_only=True)
class Cosine(Schedule):
    """A linear rise to the peak, then a cosine fall (Loshchilov and Hutter 2017).

    With a long rise it is the one-cycle policy (Smith 2018).

    Attributes:
        rise: share of all steps that the rise takes; with 0 the learning rate begins at the peak.
        start, end: learning rates at the beginning of the rise and at the end, as shares of the peak.
    """

    rise: Share
    start: Share
    end: Share

    def __call__(
        self, peak: float, *, epochs: int, steps_per_epoch: int
    ) -> keras.optimizers.schedules.LearningRateSchedule:
        steps = epochs * steps_per_epoch
        rise = min(round(self.rise * steps), steps - 1)  # the fall takes at least one step
        return keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=peak * self.start if rise else peak,
            warmup_target=peak if rise else None,
            warmup_steps=rise,
            decay_steps=steps - rise,
            alpha=self.end,
        )


@dataclass(frozen=True, kw_only=True)
class Steps(Schedule):
    """Step decay: the peak, multiplied by the factor at each milestone, as in PyTorch's `MultiStepLR`.

    Attributes:
        milestones: epochs after which the learning rate changes; those beyond the end of the training have no effect.
        factor: by which the learning rate is multiplied.
    """

    milestones: Milestones
    factor: Positive

    def __call__(
        self, peak: float, *, epochs: int, steps_per_epoch: int
    ) -> float | keras.optimizers.schedules.LearningRateSchedule:
        reached = [milestone for milestone in self.milestones if milestone < epochs]
        if not reached:
            return peak
        return keras.optimizers.schedules.PiecewiseConstantDecay(
            # Keras keeps a value up to its boundary, and counts steps from 0.
            boundaries=[milestone * steps_per_epoch - 1 for milestone in reached],
            values=[peak * self.factor**passed for passed in range(len(reached) + 1)],
        )
