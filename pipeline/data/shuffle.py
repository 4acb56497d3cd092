"""Random orders that last."""

import numpy as np

from pipeline.data.stream import stream


def shuffled(number: int, seed: int, purpose: str) -> np.ndarray:
    """The numbers 0 to `number` - 1, int [number], in an order decided by seed and purpose alone."""
    return stream(seed, purpose).permutation(number)
