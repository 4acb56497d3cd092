"""Lines through the latent space: along its dimensions, and from one latent to another."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.latent.axes import even, quantiles


@dataclass(frozen=True)
class Traversal:
    """Lines along dimensions of the latent space.

    Attributes:
        latents: [lines, steps, D].
        values: of the dimension that moves, [steps].
        names: of each line, `z3` for the third dimension, `z3: angle` where it is known to follow that.
    """

    latents: np.ndarray
    values: np.ndarray
    names: list[str]


def traversal(
    means: np.ndarray, steps: int, *, dimensions: int, prior: bool, follows: Mapping[int, str] | None = None
) -> Traversal:
    """Each dimension moved alone, the others at the mean of all posterior means.

    Args:
        means: posterior means, [N, D].
        steps: latents of each line.
        dimensions: lines at most; the dimensions that vary most come first.
        prior: whether the model has one, by whose quantiles steps can be chosen.
        follows: the name of the factor that a dimension follows, by its position.
    """
    order = np.argsort(-means.var(axis=0))[:dimensions]
    low, high = np.quantile(means, (0.01, 0.99))
    values = quantiles(steps) if prior else even(low, high, steps)
    latents = np.tile(means.mean(axis=0), (len(order), len(values), 1))
    for row, dimension in enumerate(order):
        latents[row, :, dimension] = values
    names = [f"z{at + 1}: {follows[at]}" if follows and at in follows else f"z{at + 1}" for at in order.tolist()]
    return Traversal(latents, values, names)


def interpolated(first: np.ndarray, last: np.ndarray, steps: int) -> np.ndarray:
    """Straight lines from latents [R, D] to others, both ends included: [R, steps, D]."""
    return np.linspace(first, last, steps, axis=1)


def nearer_ends(first: np.ndarray, last: np.ndarray, steps: int) -> np.ndarray:
    """Which end of each line is nearer to each of its steps, [R, steps], of what the ends are called, both [R].

    Halfway it is the first.
    """
    return np.where(np.arange(steps) < steps / 2, first[:, None], last[:, None])
