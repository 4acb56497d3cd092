"""Square cards of images, cheap enough for every epoch; a tracker's page shows them side by side with a step slider."""

from collections.abc import Sequence

import numpy as np

from pipeline.figures.images.decoded_plane import DecodedPlane
from pipeline.figures.kit.mosaic import (
    arrange,
    join,
    magnify,
    mosaic,
    near_square,
    seamed,
    square,
    stack_pairs,
    whole_factor,
)
from pipeline.figures.kit.rgb import as_rgb, as_rgb_pairs

CARD_SIDE = 512  # pixels that a card aims at: sharp when a page shows it at half this size
THINNED_BEYOND = 1024  # pixels; a larger card would cost more to store than it shows
PAIRS = 32  # at most; large ones are fewer, so that each keeps all of its pixels
IMAGES = 256  # at most, likewise
PLANE_GAP = 6  # pixels between two planes


def reconstructions_card(images: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """Rows of at most 32 images, each over the row of their reconstructions: uint8 [S, S, 3].

    Args:
        images, reconstructions: uint8 or floating point in [0, 1], [N, H, W, C] with C 1 or 3.
    """
    above, below = as_rgb_pairs(images, reconstructions)
    _, height, width, _ = above.shape
    count = _shown(min(len(above), PAIRS), 2 * height, width)
    rows, columns = near_square(count, 2 * height, width)
    factor = whole_factor(2 * height * rows, width * columns, CARD_SIDE)
    pairs = stack_pairs(magnify(above[:count], factor), magnify(below[:count], factor), gap=1)
    return _card(join(arrange(pairs, rows, columns), 9, 3))


def mosaic_card(images: np.ndarray) -> np.ndarray:
    """Images in reading order as a near-square mosaic: [N, H, W, C] to uint8 [S, S, 3]; at most 256."""
    tiles = as_rgb(images)
    _, height, width, _ = tiles.shape
    tiles = tiles[: _shown(min(len(tiles), IMAGES), height, width)]
    return _card(mosaic(tiles, 2, CARD_SIDE))


def rows_card(images: np.ndarray) -> np.ndarray:
    """Rows of images, [K, N, H, W, C] to uint8 [S, S, 3]; of large ones as many rows and columns as fit."""
    tiles = as_rgb(images, "KN")
    rows, columns = (max(1, CARD_SIDE // side) for side in tiles.shape[2:4])
    tiles = tiles[:rows, :columns]
    height, width = (tiles.shape[axis] * tiles.shape[axis + 2] for axis in (0, 1))
    return _card(join(magnify(tiles, whole_factor(height, width, CARD_SIDE)), 2, 2))


def planes_card(planes: Sequence[DecodedPlane]) -> np.ndarray:
    """Decoded planes in reading order as uint8 [S, S, 3]; row 0 of each has the smallest y and lies at its bottom."""
    images = np.stack([join(seamed(plane.images)[::-1], 0, 0) for plane in planes])
    return _card(mosaic(images, PLANE_GAP, CARD_SIDE))


def plane_card(plane: DecodedPlane) -> np.ndarray:
    """A decoded plane as uint8 [S, S, 3]; row 0 has the smallest y and lies at the bottom."""
    image = join(seamed(plane.images)[::-1], 0, 0)
    return _card(magnify(image, whole_factor(image.shape[0], image.shape[1], CARD_SIDE)))


def _shown(count: int, height: int, width: int) -> int:
    """How many of the tiles to show: a few less, where the rest then appears larger; large tiles, as many as fit."""
    for factor in (3, 2, 1):
        fitting = (CARD_SIDE // (height * factor)) * (CARD_SIDE // (width * factor))
        if fitting >= 0.75 * count:
            return min(count, fitting)
    return min(count, max(1, CARD_SIDE // height) * max(1, CARD_SIDE // width))


def _card(image: np.ndarray) -> np.ndarray:
    """The image [H, W, 3] as a card [S, S, 3]."""
    thin = -(-max(image.shape) // THINNED_BEYOND)
    return square(image[::thin, ::thin])
