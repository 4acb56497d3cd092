"""Images at the width of a column, where whole-number scaling would waste or miss the room."""

import math

import numpy as np

from pipeline.figures.images.decoded_plane import DecodedPlane
from pipeline.figures.kit.mosaic import arrange, join, near_square, seamed, stack_pairs
from pipeline.figures.kit.rgb import as_rgb, as_rgb_pairs, resized, size_within

LEAST_WIDTH = 44  # pixels of an image
MOST_HEIGHT = 96  # pixels of an image in a pair
IMAGE_GAP = 2  # pixels between two images
PAIR_GAP = 8  # pixels between two rows of pairs


def fitted_pairs(images: np.ndarray, reconstructions: np.ndarray, width: int) -> np.ndarray:
    """Images [N, H, W, C] over their reconstructions, in one row or two: uint8 [height, at most `width`, 3]."""
    above, below = as_rgb_pairs(images, reconstructions)
    most = max(1, width // LEAST_WIDTH)
    rows = min(2, math.ceil(len(above) / most))
    columns = min(most, math.ceil(len(above) / rows))
    size = size_within(above, MOST_HEIGHT, (width + IMAGE_GAP) // columns - IMAGE_GAP)
    above, below = (resized(part[: rows * columns], *size) for part in (above, below))
    return join(arrange(stack_pairs(above, below, gap=1), rows, columns), PAIR_GAP, IMAGE_GAP)


def fitted_plane(plane: DecodedPlane, width: int) -> np.ndarray:
    """A decoded plane as one image, uint8 [H, W, 3], y upwards; a single row is broken like lines of text."""
    tiles = seamed(plane.images)[::-1]
    if len(tiles) == 1:
        tiles = arrange(tiles[0], *near_square(*tiles.shape[1:4]))
    image = join(tiles, 0, 0)[None]
    return np.asarray(resized(image, *size_within(image, width, width))[0])


def fitted_mosaic(images: np.ndarray, width: int) -> np.ndarray:
    """Images [N, H, W, C] in reading order as a near-square image, uint8 [height, at most `width`, 3].

    As many whole rows are shown as can be seen.
    """
    tiles = as_rgb(images)[: max(1, width // LEAST_WIDTH) ** 2]
    rows, columns = near_square(*tiles.shape[:3])
    rows = max(1, len(tiles) // columns)
    tiles = tiles[: rows * columns]
    size = size_within(tiles, (width + IMAGE_GAP) // rows - IMAGE_GAP, (width + IMAGE_GAP) // columns - IMAGE_GAP)
    return join(arrange(resized(tiles, *size), rows, columns), IMAGE_GAP, IMAGE_GAP)
