"""Images at the size that a layout leaves them, where whole-number scaling would waste or miss the room."""

import math

import numpy as np

from pipeline.figures.images.decoded_plane import DecodedPlane
from pipeline.figures.kit.mosaic import arrange, join, near_square, seamed, stack_pairs
from pipeline.figures.kit.rgb import as_pairs, as_pixels, resized, size_within

TILE, TALLEST = 44, 96  # pixels: the least width of an image, the most height of a pair's image
BETWEEN, APART = 2, 8  # pixels between images, and between two rows of pairs


def fitted_pairs(images: np.ndarray, reconstructions: np.ndarray, width: int) -> np.ndarray:
    """Images [N, H, W, C] over their reconstructions, in one row or two, as one image of this width at most."""
    above, below = as_pairs(images, reconstructions)
    most = max(1, width // TILE)
    rows = min(2, math.ceil(len(above) / most))
    columns = min(most, math.ceil(len(above) / rows))
    size = size_within(above, TALLEST, (width + BETWEEN) // columns - BETWEEN)
    above, below = (resized(part[: rows * columns], *size) for part in (above, below))
    return join(arrange(stack_pairs(above, below, gap=1), rows, columns), APART, BETWEEN)


def fitted_plane(plane: DecodedPlane, width: int) -> np.ndarray:
    """A decoded plane as one image, uint8 [H, W, 3], y upwards; a single row is broken like lines of text."""
    tiles = seamed(plane.images)[::-1]
    if len(tiles) == 1:
        tiles = arrange(tiles[0], *near_square(*tiles.shape[1:4]))
    image = join(tiles, 0, 0)[None]
    return np.asarray(resized(image, *size_within(image, width, width))[0])


def fitted_mosaic(images: np.ndarray, width: int) -> np.ndarray:
    """Images [N, H, W, C] in reading order as a near-square image of this width; as many whole rows as can be seen."""
    pixels = as_pixels(images)[: max(1, width // TILE) ** 2]
    rows, columns = near_square(*pixels.shape[:3])
    rows = max(1, len(pixels) // columns)
    pixels = pixels[: rows * columns]
    size = size_within(pixels, (width + BETWEEN) // rows - BETWEEN, (width + BETWEEN) // columns - BETWEEN)
    return join(arrange(resized(pixels, *size), rows, columns), BETWEEN, BETWEEN)
