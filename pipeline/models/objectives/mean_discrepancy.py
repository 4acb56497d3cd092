"""The mean discrepancy of latents from the prior: InfoVAE (Zhao et al. 2019), WAE-MMD (Tolstikhin et al. 2018)."""

from dataclasses import dataclass
from typing import Any, ClassVar

import keras
from keras import ops

from pipeline.config.values import Weight
from pipeline.models.objectives.objective import Objective, Pass
from pipeline.models.objectives.weighted_elbo import weighed, weighted_elbo

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""The widths of the kernels that are summed, in units of the mean squared distance of two latents of the prior."""


@keras.saving.register_keras_serializable("pipeline")
@dataclass(frozen=True, kw_only=True)
class MeanDiscrepancy(Objective):
    """The mean distortion, the weighted rate, and the weighted discrepancy of the latents of a batch from the prior.

    In the terms of InfoVAE (Zhao et al. 2019, eq. 6), `beta` is 1 − alpha and `discrepancy_weight` alpha + lambda − 1;
    with `beta` 0 it is the WAE-MMD (Tolstikhin et al. 2018, algorithm 2).

    Attributes:
        beta: weight of the rate.
        discrepancy_weight: weight of the discrepancy, which has no unit.
    """

    WEIGHTS: ClassVar[tuple[str, ...]] = ("discrepancy_weight", "beta")
    PAIRS: ClassVar[bool] = True
    CURE: ClassVar[str] = (
        "lower objective.discrepancy_weight and objective.beta, or let the first rise slowly: objective/schedule=warmup"
    )

    beta: Weight
    discrepancy_weight: Weight

    def loss(self, passed: Pass) -> Any:
        prior = keras.random.normal(ops.shape(passed.latents[0]), dtype="float32", seed=passed.seed)
        discrepancy = mean_discrepancy(passed.latents[0], prior)
        return weighted_elbo(passed) + weighed(passed.weights["discrepancy_weight"], discrepancy)


def mean_discrepancy(one: Any, other: Any) -> Any:
    """The squared maximum mean discrepancy of two sets of B latents, [B, D], unbiased (Gretton et al. 2012, eq. 4).

    The kernel is a sum of inverse multiquadratics C / (C + |a − b|²), with C = 2 · D · s for each s of `SCALES`. Equal
    sets in the same order have none.
    """
    one, other = (ops.cast(latents, "float32") for latents in (one, other))
    kernels = _kernel(one, one) + _kernel(other, other) - _kernel(one, other) - _kernel(other, one)
    number = ops.cast(ops.shape(one)[0], "float32")
    pairs = ops.maximum(number * (number - 1.0), 1.0)
    return (ops.sum(kernels) - ops.sum(ops.diagonal(kernels))) / pairs


def _kernel(one: Any, other: Any) -> Any:
    squares = ops.sum(ops.square(one), axis=1)[:, None] + ops.sum(ops.square(other), axis=1)[None]
    distances = ops.maximum(squares - 2.0 * ops.matmul(one, ops.transpose(other)), 0.0)
    widths = [2.0 * one.shape[-1] * scale for scale in SCALES]
    return sum(width / (width + distances) for width in widths)
