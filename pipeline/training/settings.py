"""The settings of a training."""

from dataclasses import dataclass

import keras

from pipeline.config.values import Count, Positive, Seed, Switch
from pipeline.errors import InputError
from pipeline.runtime import RuntimeSettings
from pipeline.training.schedule import Schedule


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """Settings of `fit`.

    Attributes:
        epochs: the largest number of passes over the training images.
        batch_size: images in an optimizer step.
        patience: epochs without a better validation loss after which training stops and the best weights are restored;
            null trains all epochs and keeps the last weights.
        seed: of weights, order and noise.
        learning_rate: the peak of the schedule.
        optimizer, schedule: a Keras optimizer, and the schedule of its learning rate.
        steps_per_execution: optimizer steps between two callbacks in Python; fewer cost time, more delay Ctrl-C.
        jit_compile: compile the step with XLA, which is slower on CPUs.
        runtime: precision and threads.

    Raises:
        InputError: the optimizer refuses its arguments.
    """

    epochs: Count
    batch_size: Count
    patience: Count | None
    seed: Seed
    learning_rate: Positive
    optimizer: keras.optimizers.Optimizer
    schedule: Schedule
    steps_per_execution: Count
    jit_compile: Switch
    runtime: RuntimeSettings

    def __post_init__(self) -> None:
        """Apply the optimizer to a single number, since Keras checks most of its arguments only then."""
        number = keras.Variable([1.0])
        try:
            self.new_optimizer().apply([keras.ops.ones(1)], [number])
        except (TypeError, ValueError, AttributeError) as error:
            name = type(self.optimizer).__name__
            raise InputError(
                f"optimizer: {name} refused these arguments ({error}); expected those of keras.optimizers.{name}. "
                f"Correct or remove them"
            ) from error

    def new_optimizer(self) -> keras.optimizers.Optimizer:
        """A new optimizer with these settings, which no model has used."""
        return type(self.optimizer).from_config(self.optimizer.get_config())


Training = TrainingSettings
"""The former name of the class, which stored configs still have as `_target_`."""
