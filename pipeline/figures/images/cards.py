"""Square cards of images, cheap enough for every epoch; a tracker's page shows them side by side with a step slider."""

import numpy as np

from pipeline.figures.images.decoded_plane import DecodedPlane
from pipeline.figures.kit.mosaic import arrange, join, magnify, near_square, seamed, square, stack_pairs, whole_factor
from pipeline.figures.kit.rgb import as_pairs, as_pixels

SIDE = 512  # pixels that a card aims at: sharp when a page shows it at half this size
MOST = 1024  # beyond this a card is thinned out: it would cost more to store than it shows


def reconstructions_card(images: np.ndarray, reconstructions: np.ndarray, most: int = 32) -> np.ndarray:
    """Rows of images, each over the row of their reconstructions: uint8 [S, S, 3].

    Args:
        images, reconstructions: uint8 or floating point in [0, 1], [N, H, W, C] with C 1 or 3.
        most: pairs at most; large images show fewer, so that each keeps all of its pixels.
    """
    above, below = as_pairs(images, reconstructions)
    _, height, width, _ = above.shape
    count = _shown(min(len(above), most), 2 * height, width)
    rows, columns = near_square(count, 2 * height, width)
    factor = whole_factor(2 * height * rows, width * columns, SIDE)
    pairs = stack_pairs(magnify(above[:count], factor), magnify(below[:count], factor), gap=1)
    return _card(join(arrange(pairs, rows, columns), 9, 3))


def mosaic_card(images: np.ndarray, most: int = 256) -> np.ndarray:
    """Images in reading order as a near-square mosaic: [N, H, W, C] to uint8 [S, S, 3]; at most `most` of them."""
    pixels = as_pixels(images)
    _, height, width, _ = pixels.shape
    pixels = pixels[: _shown(min(len(pixels), most), height, width)]
    rows, columns = near_square(len(pixels), height, width)
    factor = whole_factor(height * rows, width * columns, SIDE)
    return _card(join(arrange(magnify(pixels, factor), rows, columns), 2, 2))


def plane_card(plane: DecodedPlane) -> np.ndarray:
    """A decoded plane as uint8 [S, S, 3]; row 0 has the smallest y and lies at the bottom."""
    image = join(seamed(plane.images)[::-1], 0, 0)
    return _card(magnify(image, whole_factor(image.shape[0], image.shape[1], SIDE)))


def _shown(count: int, height: int, width: int) -> int:
    """How many of the tiles to show: a few less, where the rest then appears larger; large tiles, as many as fit."""
    for factor in (3, 2, 1):
        fitting = (SIDE // (height * factor)) * (SIDE // (width * factor))
        if fitting >= 0.75 * count:
            return min(count, fitting)
    return min(count, max(1, SIDE // height) * max(1, SIDE // width))


def _card(image: np.ndarray) -> np.ndarray:
    thin = -(-max(image.shape) // MOST)
    return square(image[::thin, ::thin])
