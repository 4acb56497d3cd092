"""Passes of tests, with numbers of their own."""

from typing import Any

import keras
import numpy as np

from pipeline.models.objectives.objective import Objective, Pass
from pipeline.models.objectives.weight_schedule import Constant
from pipeline.models.posterior import Posterior


def passed(objective: Objective, mean: Any, log_variance: Any = 0.0, *, seed: int = 0, **own: Any) -> Pass:
    """A pass of latents drawn from these posteriors [B, D], with distortions of 10 nats unless told otherwise."""
    mean = np.asarray(mean, np.float32)
    posterior = Posterior(mean, np.broadcast_to(np.float32(log_variance), mean.shape))
    noise = np.random.default_rng(seed).standard_normal((objective.samples, *mean.shape), np.float32)
    given = {
        "latents": mean + np.exp(0.5 * posterior.log_variance) * noise,
        "distortions": np.full((objective.samples, len(mean)), 10, np.float32),
        "weights": objective.weights,
        "population": len(mean),
        "decoder": None,
        "seed": keras.random.SeedGenerator(seed),
    }
    return Pass(posterior=posterior, rates=posterior.rates(), **given | own)


def made(kind: type[Objective], **settings: Any) -> Any:
    """An objective with a constant schedule."""
    return kind(**{"schedule": Constant(of=None)} | settings)
