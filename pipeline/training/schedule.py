"""How the learning rate moves in the course of a training."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import keras

from pipeline.settings import Share


class Schedule(ABC):
    """The course of a learning rate, whatever its height and the number of steps."""

    @abstractmethod
    def __call__(self, peak: float, steps: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
        """The learning rate for a training of so many optimizer steps."""


@dataclass(frozen=True, kw_only=True)
class Constant(Schedule):
    """The same learning rate throughout."""

    def __call__(self, peak: float, steps: int) -> float:
        return peak


@dataclass(frozen=True, kw_only=True)
class Cosine(Schedule):
    """A linear rise to the peak, then a cosine fall (Loshchilov and Hutter 2017).

    With a long rise it is the one-cycle policy (Smith 2018).

    Attributes:
        rise: part of all steps that the rise takes; 0 starts at the peak.
        start, end: learning rates at the beginning of the rise and at the end, as parts of the peak.
    """

    rise: Share
    start: Share
    end: Share

    def __call__(self, peak: float, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
        rise = min(round(self.rise * steps), steps - 1)  # the fall takes at least one step
        return keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=peak * self.start if rise else peak,
            warmup_target=peak if rise else None,
            warmup_steps=rise,
            decay_steps=steps - rise,
            alpha=self.end,
        )
