"""Chunks: so many images that they are worked on together quickly, and so few that they need little memory."""

from collections.abc import Iterator

CHUNK = 2**24
"""Bytes of a chunk: conversions of one make copies of 4 to 8 times its size."""


def chunks(count: int, size: int) -> Iterator[slice]:
    """Slices that divide `count` images of `size` bytes each into chunks, at least one image each."""
    step = max(1, CHUNK // max(size, 1))
    return (slice(start, min(start + step, count)) for start in range(0, count, step))
