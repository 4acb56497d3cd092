"""Streams of random numbers that are the same on every machine and under every version of NumPy."""

import zlib

import numpy as np


def random_stream(seed: int, purpose: str) -> np.random.RandomState:
    """A stream of random numbers that seed and purpose alone decide.

    Two purposes have unrelated streams of one seed.
    """
    # NumPy keeps the streams of RandomState as they are, but may change those of default_rng, and so the data.
    return np.random.RandomState([seed, zlib.crc32(purpose.encode())])


def random_order(number: int, seed: int, purpose: str) -> np.ndarray:
    """The numbers from 0 to `number` − 1, int [number], in an order that seed and purpose alone decide."""
    return random_stream(seed, purpose).permutation(number)
