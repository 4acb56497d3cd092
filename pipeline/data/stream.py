"""Random numbers that last: the same on every machine and under every version of NumPy."""

import zlib

import numpy as np


def stream(seed: int, purpose: str) -> np.random.RandomState:
    """The beginning of a stream of random numbers that seed and purpose alone decide.

    Two purposes get unrelated streams from one seed.
    """
    # RandomState's streams are frozen for good, those of default_rng may change with NumPy: data must not.
    return np.random.RandomState([seed, zlib.crc32(purpose.encode())])


def shuffled(number: int, seed: int, purpose: str) -> np.ndarray:
    """The numbers 0 to `number` - 1, int [number], in an order decided by seed and purpose alone."""
    return stream(seed, purpose).permutation(number)
