"""What the tests of figures share: names, shapes, random images, and how to find a tile in a picture."""

import io

import numpy as np
from matplotlib.figure import Figure

DIGITS = [str(digit) for digit in range(10)]
LETTERS = [chr(ord("A") + index) for index in range(26)]
SHAPES = [(28, 28, 1), (8, 8, 1), (32, 32, 3), (24, 40, 3), (40, 24, 1)]


def noise(random: np.random.Generator, *shape: int) -> np.ndarray:
    """Pixels without pure white or black, so that none is mistaken for paper or ink."""
    return random.integers(20, 230, shape).astype(np.uint8)


def find(tile: np.ndarray, picture: np.ndarray) -> tuple[int, int, int]:
    """Top, left and magnification of the one place at which the tile stands in the picture, pixel for pixel."""
    tile = np.broadcast_to(tile, (*tile.shape[:2], 3))
    for factor in range(16, 0, -1):
        large = tile.repeat(factor, 0).repeat(factor, 1)
        down, right = large.shape[0] - 1, large.shape[1] - 1
        if down >= len(picture) or right >= picture.shape[1]:
            continue
        first = (picture[: len(picture) - down, : picture.shape[1] - right] == large[0, 0]).all(-1)
        starts = np.argwhere(first & (picture[down:, right:] == large[-1, -1]).all(-1))
        places = [(y, x) for y, x in starts if np.array_equal(picture[y : y + down + 1, x : x + right + 1], large)]
        if places:
            assert len(places) == 1
            return int(places[0][0]), int(places[0][1]), factor
    raise AssertionError("the picture does not contain the tile")


def png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer)
    return buffer.getvalue()


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]
