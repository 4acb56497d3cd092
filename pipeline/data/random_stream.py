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


class Draws:
    """Equally likely numbers from 0 to 254, which do not depend on how many are taken at a time.

    They are those that `stream.randint(255, size=…, dtype=np.uint8)` gives at once.

    Args:
        stream: of random numbers, that nothing else takes numbers of.
    """

    def __init__(self, stream: np.random.RandomState) -> None:
        self._stream = stream
        self._left = np.empty(0, np.uint8)

    def take(self, count: int) -> np.ndarray:
        """The next numbers, uint8 [count]."""
        while len(self._left) < count:
            # NumPy takes the bytes of 32-bit numbers one after the other, and leaves out those that are 255.
            drawn = np.frombuffer(self._stream.bytes(-(-(count - len(self._left)) // 4) * 4), np.uint8)
            self._left = np.concatenate([self._left, drawn[drawn < 255]])
        taken = self._left[:count]
        self._left = self._left[count:]
        return taken
