"""A rate that is held at a capacity, which may grow while training (Burgess et al. 2018)."""

from dataclasses import dataclass
from typing import Any, ClassVar

import keras
from keras import ops

from pipeline.config.values import Weight
from pipeline.models.objectives.objective import Objective, Pass
from pipeline.models.objectives.weighted_elbo import weighed


@keras.saving.register_keras_serializable("pipeline")
@dataclass(frozen=True, kw_only=True)
class Capacity(Objective):
    """The mean distortion and the weighted distance of the mean rate from a capacity (Burgess et al. 2018, eq. 8).

    Attributes:
        capacity: rate that is wanted, nats per image; a schedule lets it grow from 0.
        gamma: weight of the distance.
    """

    WEIGHTS: ClassVar[tuple[str, ...]] = ("capacity", "gamma")
    RATE: ClassVar[str | None] = None
    CURE: ClassVar[str] = "raise objective.capacity"

    capacity: Weight
    gamma: Weight

    def loss(self, passed: Pass) -> Any:
        distance = ops.abs(ops.sum(ops.mean(passed.rates, axis=0)) - passed.weights["capacity"])
        return ops.mean(passed.distortion) + weighed(passed.weights["gamma"], distance)
