"""Precision and recall of generated images (Kynkäänniemi et al. 2019), and density and coverage (Naeem et al. 2020)."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pipeline.evaluation.inner_products import inner_products


class FidelityAndDiversity(NamedTuple):
    """Shares of two sets of images, real and generated, that lie in each other's balls.

    The ball of an image reaches to the k-th nearest of its own set.

    Attributes:
        precision: of the generated images, those in the ball of any real one (Kynkäänniemi et al. 2019, eq. 2).
        recall: of the real images, those in the ball of any generated one (the same).
        density: real balls that a generated image is in, divided by k: 1 on average where both sets are of one
            distribution, and more where the generated ones keep to where the real ones are dense (Naeem et al. 2020,
            section 3).
        coverage: of the real images, those with a generated one in their ball: 1 − 2⁻ᵏ on average where both sets are
            large and of one distribution (the same).
    """

    precision: float
    recall: float
    density: float
    coverage: float


def fidelity_and_diversity(real: np.ndarray, generated: np.ndarray, *, neighbours: int) -> FidelityAndDiversity:
    """Compare the features of generated images with those of real ones, float32 [N, D] and [M, D].

    Args:
        real, generated: of more than `neighbours` images each.
        neighbours: the number k that decides how far the ball of an image reaches.
    """
    real_radii = _squared_radii(real, neighbours)
    generated_radii = _squared_radii(generated, neighbours)
    in_real_balls = np.zeros(len(generated), int)
    in_a_generated_ball, covered = [], []
    for rows, distances in _squared_distances(real, generated):
        in_ball = distances <= real_radii[rows, None]
        in_real_balls += in_ball.sum(axis=0)
        covered.append(in_ball.any(axis=1))
        in_a_generated_ball.append((distances <= generated_radii).any(axis=1))
    return FidelityAndDiversity(
        precision=float((in_real_balls > 0).mean()),
        recall=float(np.concatenate(in_a_generated_ball).mean()),
        density=float(in_real_balls.mean() / neighbours),
        coverage=float(np.concatenate(covered).mean()),
    )


def _squared_radii(features: np.ndarray, neighbours: int) -> np.ndarray:
    """The squared distance of each of the features [N, D] to the k-th nearest of the others, [N]."""
    radii = []
    for rows, distances in _squared_distances(features, features):
        positions = np.arange(len(distances))
        distances[positions, rows.start + positions] = np.inf
        radii.append(np.partition(distances, neighbours - 1, axis=1)[:, neighbours - 1])
    return np.concatenate(radii)


def _squared_distances(left: np.ndarray, right: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """The squared distances of some rows of `left` at a time, [n, M], from all of `right`; [N, D] and [M, D]."""
    of_left, of_right = (np.square(each).sum(axis=1) for each in (left, right))
    for rows, products in inner_products(left, right):
        squares = of_left[rows, None] + of_right
        yield rows, np.maximum(squares - 2 * products, 0)  # rounding may leave less than nothing
