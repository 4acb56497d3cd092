"""The kernel distance of two sets of features, which papers call KID (Bińkowski et al. 2018)."""

import math

import numpy as np

from pipeline.evaluation.inner_products import inner_products


def kernel_distance(real: np.ndarray, generated: np.ndarray) -> tuple[float, float]:
    """The squared maximum mean discrepancy (MMD²) of two sets of N features, float32 [N, D], and its standard error.

    The kernel is (x · y / D + 1)³ (Bińkowski et al. 2018, section 4). The estimate has no bias: where both sets are of
    one distribution it is 0 on average, and so also negative (Gretton et al. 2012, eq. 4). Its standard error is the
    jackknife's (Arvesen 1969), too large by up to √2 where both distributions are the same. N is at least 3.
    """
    number = len(real)
    within_real, _ = _sums(real, real)
    within_generated, _ = _sums(generated, generated)
    of_real, of_generated = _sums(real, generated)
    # The estimate is the mean over i ≠ j of k(xᵢ, xⱼ) + k(yᵢ, yⱼ) − k(xᵢ, yⱼ) − k(xⱼ, yᵢ); here the mean for each i.
    of_each = (within_real + within_generated - of_real - of_generated) / (number - 1)
    distance = float(of_each.mean())
    spread = float(np.square(of_each - distance).sum())
    return distance, math.sqrt(4 * (number - 1) / (number * (number - 2) ** 2) * spread)


def _sums(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The kernel of all pairs of rows [N, D] but those of equal position, summed over right or left, [N] each."""
    of_left, of_right = [], np.zeros(len(right))
    for rows, products in inner_products(left, right):
        bases = products / np.float32(left.shape[1]) + np.float32(1)
        kernel = bases * bases * bases
        positions = np.arange(len(kernel))
        kernel[positions, rows.start + positions] = 0
        of_left.append(kernel.sum(axis=1, dtype=np.float64))
        of_right += kernel.sum(axis=0, dtype=np.float64)
    return np.concatenate(of_left), of_right
