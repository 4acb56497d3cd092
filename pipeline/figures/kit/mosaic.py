"""Many small images as one large image: whole-number scaling, so every pixel stays a sharp square."""

import math

import numpy as np

from pipeline.figures.kit.style import PAPER

LARGE = 16  # pixels of an image that leaves dark ground around what it shows


def near_square(count: int, height: int, width: int) -> tuple[int, int]:
    """Rows and columns that show `count` tiles in the smallest square; among equals, with the fewest empty places."""

    def cost(columns: int) -> tuple[int, int]:
        rows = math.ceil(count / columns)
        return max(rows * height, columns * width), rows * columns

    columns = min(range(1, count + 1), key=cost)
    return math.ceil(count / columns), columns


def arrange(tiles: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Tiles [N, H, W, 3] in reading order as [rows, columns, H, W, 3]; places left over are paper."""
    places = np.empty((rows * columns, *tiles.shape[1:]), np.uint8)
    places[:] = PAPER
    places[: len(tiles)] = tiles
    return places.reshape(rows, columns, *tiles.shape[1:])


def mosaic(tiles: np.ndarray, gap: int, side: int, tile_side: int | None = None) -> np.ndarray:
    """Tiles [N, H, W, 3] in reading order as a near-square image [height, width, 3].

    Args:
        tiles: magnified by the largest whole number at which they fit.
        gap: pixels of paper between them.
        side: pixels that all of them may take.
        tile_side: pixels that one of them may take; None for as many as there are.
    """
    count, height, width, _ = tiles.shape
    rows, columns = near_square(count, height, width)
    factor = min(whole_factor(rows * height, columns * width, side), whole_factor(height, width, tile_side or side))
    return join(arrange(magnify(tiles, factor), rows, columns), gap, gap)


def stack_pairs(above: np.ndarray, below: np.ndarray, gap: int) -> np.ndarray:
    """Each image over its partner, `gap` pixels of paper between: [N, H, W, 3] twice to [N, 2 H + gap, W, 3]."""
    return join(np.stack([above, below], axis=1)[:, :, None], gap, 0)


def join(tiles: np.ndarray, gap_y: int, gap_x: int) -> np.ndarray:
    """Tiles [..., rows, columns, H, W, 3] as images [..., height, width, 3] with gaps of paper between the tiles."""
    *lead, rows, columns, height, width, _ = tiles.shape
    spaced = np.empty((*lead, rows, height + gap_y, columns, width + gap_x, 3), np.uint8)
    spaced[:] = PAPER
    spaced[..., :height, :, :width, :] = np.moveaxis(tiles, -4, -3)
    image = spaced.reshape(*lead, rows * (height + gap_y), columns * (width + gap_x), 3)
    return image[..., : image.shape[-3] - gap_y, : image.shape[-2] - gap_x, :]


def seamed(tiles: np.ndarray) -> np.ndarray:
    """Tiles [..., H, W, 3] of a plane, small ones with a line of paper at their right and lower edge.

    Large images on dark ground show the plane's flow best without seams; small ones fill their tile and would run
    together.
    """
    if min(tiles.shape[-3:-1]) >= LARGE:
        return tiles
    edges = [(0, 0)] * (tiles.ndim - 3) + [(0, 1), (0, 1), (0, 0)]
    return np.pad(tiles, edges, constant_values=PAPER[0])


def magnify(images: np.ndarray, factor: int) -> np.ndarray:
    """Images [..., H, W, 3] as [..., factor H, factor W, 3], each pixel a block of factor × factor."""
    return images.repeat(factor, axis=-3).repeat(factor, axis=-2) if factor > 1 else images


def whole_factor(height: int, width: int, side: int, most: int = 16) -> int:
    """The largest whole magnification (1 to `most`) that keeps height x width within a square of `side` pixels."""
    return max(1, min(most, side // max(height, width)))


def square(image: np.ndarray) -> np.ndarray:
    """The image [H, W, 3] centred on a square of paper, [S, S, 3]."""
    height, width, _ = image.shape
    side = max(height, width)
    paper = np.empty((side, side, 3), np.uint8)
    paper[:] = PAPER
    top, left = (side - height) // 2, (side - width) // 2
    paper[top : top + height, left : left + width] = image
    return paper
