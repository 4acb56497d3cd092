"""Many images as one PNG from which a page cuts each."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from pipeline.figures.mosaic import arrange, join, near_square
from pipeline.figures.pixels import as_pixels

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
    tiles = _shrunk(as_pixels(images))
    count, height, width, _ = tiles.shape
    rows, columns = near_square(count, height, width)
    sheet = join(arrange(tiles, rows, columns), 0, 0)
    grey = (sheet == sheet[..., :1]).all()
    file = io.BytesIO()
    Image.fromarray(sheet[..., 0] if grey else sheet).save(file, "PNG", optimize=True)
    return Sprite(file.getvalue(), height, width, columns)


def _shrunk(pixels: np.ndarray) -> np.ndarray:
    """Pixels [N, H, W, 3] averaged over the smallest blocks that bring an image down to LARGEST."""
    count, height, width, _ = pixels.shape
    block = -(-max(height, width) // LARGEST)
    if block == 1:
        return pixels
    padded = np.pad(pixels, ((0, 0), (0, -height % block), (0, -width % block), (0, 0)), mode="edge")
    blocks = padded.reshape(count, padded.shape[1] // block, block, padded.shape[2] // block, block, 3)
    return np.asarray(np.rint(blocks.mean(axis=(2, 4))).astype(np.uint8))
