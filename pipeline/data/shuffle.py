"""Random orders that last: the same on every machine and under every version of NumPy."""

import zlib

import numpy as np


def shuffled(number: int, seed: int, purpose: str) -> np.ndarray:
    """The numbers 0 to `number` - 1, int [number], in an order decided by seed and purpose alone.

    Two purposes get unrelated orders from one seed.
    """
    # RandomState's streams are frozen for good, those of default_rng may change with NumPy: splits must not.
    return np.random.RandomState([seed, zlib.crc32(purpose.encode())]).permutation(number)
