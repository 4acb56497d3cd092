"""Image rows are a selection of the images of an array, in any order; pixels are copied only when they are read."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.data.chunks import chunks
from pipeline.data.pixel_memory import aligned_memory


@dataclass(frozen=True)
class ImageRows:
    """Images of an array, by their positions in it.

    Attributes:
        stored: uint8 [M, H, W, C], in memory or mapped from a file.
        positions: int [N], the positions of the images; None for all in their order.
    """

    stored: np.ndarray
    positions: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.stored if self.positions is None else self.positions)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape that an array of these images has, [N, H, W, C]."""
        return len(self), *self.stored.shape[1:]

    @property
    def nbytes(self) -> int:
        """The bytes that an array of these images has."""
        return math.prod(self.shape)

    def __getitem__(self, rows: "slice | np.ndarray") -> np.ndarray:
        return self.stored[rows if self.positions is None else self.positions[rows]]

    def take(self, indices: np.ndarray) -> "ImageRows":
        """The images at the positions `indices` among these, int [n], or where a mask, bool [N], is true."""
        positions = np.arange(len(self)) if self.positions is None else self.positions
        return ImageRows(self.stored, positions[indices])

    def chunks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """The images chunk by chunk, uint8 [n, H, W, C], with the place of each chunk among them."""
        for place in chunks(len(self), math.prod(self.shape[1:])):
            yield place, self[place]

    def whole(self) -> np.ndarray:
        """Give all of the images in one array, uint8 [N, H, W, C]; a copy unless they are all that is stored."""
        return self.stored if self.positions is None else self.copied_to(aligned_memory(self.shape))

    def copied_to(self, memory: np.ndarray) -> np.ndarray:
        """The array `memory`, uint8 [N, H, W, C], filled with these images."""
        for place, images in self.chunks():
            memory[place] = images
        return memory
