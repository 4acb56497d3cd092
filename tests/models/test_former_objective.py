"""The former objective, whose records and models are still read."""

import keras

from pipeline.models.objective import Objective
from pipeline.models.objectives.weight_schedule import Constant, Warmup


def test_the_warm_up_that_was_a_setting_of_the_objective_is_a_schedule() -> None:
    settings = {"beta": 0.5, "distortion_weight": 784.0, "free_bits": 0.25, "sampling": False}
    assert Objective(**settings, warmup_epochs=3).schedule == Warmup(of=None, epochs=3)
    assert Objective(**settings, warmup_epochs=0).schedule == Constant(of=None)
    stored = keras.saving.serialize_keras_object(Objective(**settings, warmup_epochs=3))
    assert stored["registered_name"] == "pipeline>Objective"
    assert stored["config"] == settings | {"warmup_epochs": 3}, "as it was stored before"
    read = keras.saving.deserialize_keras_object(stored)
    assert read == Objective(**settings, warmup_epochs=3)
    assert read.schedule == Warmup(of=None, epochs=3)
