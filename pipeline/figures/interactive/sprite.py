"""Many images as one PNG from which a page cuts each."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from pipeline.figures.kit.mosaic import arrange, join, near_square
from pipeline.figures.kit.rgb import as_rgb, resized, size_within

LARGEST = 64  # pixels, the longer side of an image; larger ones are shrunk


@dataclass(frozen=True)
class Sprite:
    """Images in reading order without gaps.

    Attributes:
        png: the sheet, grey where all images are.
        height, width: of each image, pixels.
        columns: images in a row.
    """

    png: bytes
    height: int
    width: int
    columns: int


def sprite(images: np.ndarray) -> Sprite:
    """The sheet of images [N, H, W, C], uint8 or floating point in [0, 1]."""
    tiles = _shrunk(as_rgb(images))
    count, height, width, _ = tiles.shape
    rows, columns = near_square(count, height, width)
    sheet = join(arrange(tiles, rows, columns), 0, 0)
    grey = (sheet == sheet[..., :1]).all()
    file = io.BytesIO()
    Image.fromarray(sheet[..., 0] if grey else sheet).save(file, "PNG", optimize=True)
    return Sprite(file.getvalue(), height, width, columns)


def _shrunk(pixels: np.ndarray) -> np.ndarray:
    """Pixels [N, H, W, 3], the longer side at most LARGEST."""
    return pixels if max(pixels.shape[1:3]) <= LARGEST else resized(pixels, *size_within(pixels, LARGEST, LARGEST))
