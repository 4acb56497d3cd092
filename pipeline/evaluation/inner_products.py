"""The inner products of all pairs of two sets of features, a part at a time: all at once would outgrow the memory."""

from collections.abc import Iterator

import numpy as np
from keras import ops

ROWS = 1000
"""Rows of a table of all pairs that are in memory at once: 40 MB for 10,000 columns."""


def inner_products(left: np.ndarray, right: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Some rows of features at a time, as a slice of `left`, with their inner products with all rows of `right`.

    Args:
        left, right: features, float32 [N, D] and [M, D]. The products of n rows are [n, M].
    """
    for start in range(0, len(left), ROWS):
        rows = slice(start, min(start + ROWS, len(left)))
        products = ops.matmul(left[rows], right.T)  # not NumPy's, whose threads wait for each other
        yield rows, ops.convert_to_numpy(products)
