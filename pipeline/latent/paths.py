"""Lines through the latent space."""

from dataclasses import dataclass

import numpy as np

from pipeline.latent.axes import even, quantiles


@dataclass(frozen=True)
class Path:
    """Lines along dimensions of the latent space.

    Attributes:
        latents: [lines, steps, D].
        values: [steps], of the dimension that moves.
        names: of each line.
    """

    latents: np.ndarray
    values: np.ndarray
    names: list[str]


def between(first: np.ndarray, last: np.ndarray, steps: int) -> np.ndarray:
    """Straight lines from latents [R, D] to others, [R, steps, D]."""
    shares = np.linspace(0, 1, steps)[None, :, None]
    return np.asarray((1 - shares) * first[:, None] + shares * last[:, None])


def traversed(means: np.ndarray, steps: int, *, most: int, prior: bool) -> Path:
    """Each dimension moved alone, the others at the mean of all posterior means; most varied dimensions first.

    Args:
        means: posterior means [N, D].
        steps: of each line.
        most: lines.
        prior: whether there is one, by whose quantiles steps can be chosen.
    """
    order = np.argsort(-means.var(axis=0))[:most]
    low, high = np.quantile(means, (0.01, 0.99))
    values = quantiles(steps) if prior else even(low, high, steps)
    latents = np.tile(means.mean(axis=0), (len(order), len(values), 1))
    for row, dimension in enumerate(order):
        latents[row, :, dimension] = values
    return Path(latents, values, [f"z{dimension + 1}" for dimension in order])
