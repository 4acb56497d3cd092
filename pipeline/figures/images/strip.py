"""A row of images, as small as they are, for pages that magnify it."""

import io

import numpy as np
from PIL import Image

from pipeline.figures.kit.mosaic import join
from pipeline.figures.kit.rgb import as_pixels, resized, size_within

LARGEST = 64  # pixels, the longer side of an image; larger ones are shrunk


def strip(images: np.ndarray) -> bytes:
    """Images [N, H, W, C], uint8 or floating point in [0, 1], beside each other as a PNG."""
    pixels = as_pixels(images)
    if max(pixels.shape[1:3]) > LARGEST:
        pixels = resized(pixels, *size_within(pixels, LARGEST, LARGEST))
    row = join(pixels[None], 0, 1)
    grey = bool((row == row[..., :1]).all())
    content = io.BytesIO()
    Image.fromarray(row[..., 0] if grey else row).save(content, "PNG", optimize=True)
    return content.getvalue()
