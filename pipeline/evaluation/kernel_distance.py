"""The kernel distance of two sets of features, which papers call KID (Bińkowski et al. 2018)."""

import math

import numpy as np
from keras import ops

ROWS = 1000
"""Rows of a table of all pairs that are in memory at once: 40 MB for 10,000 columns."""


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
    # The mean over all pairs of pairs that the i-th real and the i-th generated image are in together.
    of_each = (within_real + within_generated - of_real - of_generated) / (number - 1)
    distance = float(of_each.mean())
    spread = float(np.square(of_each - distance).sum())
    return distance, math.sqrt(4 * (number - 1) / (number * (number - 2) ** 2) * spread)


def _sums(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The kernel of all pairs of rows [N, D] but those of equal position, summed over right or left, [N] each."""
    of_left, of_right = [], np.zeros(len(right))
    for start in range(0, len(left), ROWS):
        rows = left[start : start + ROWS]
        products = ops.convert_to_numpy(ops.matmul(rows, right.T))  # not NumPy's, whose threads wait for each other
        bases = products / np.float32(left.shape[1]) + np.float32(1)
        kernel = bases * bases * bases
        positions = np.arange(len(rows))
        kernel[positions, start + positions] = 0
        of_left.append(kernel.sum(axis=1, dtype=np.float64))
        of_right += kernel.sum(axis=0, dtype=np.float64)
    return np.concatenate(of_left), of_right
