"""A row of images, as small as they are, for pages that magnify it."""

import numpy as np

from pipeline.figures.kit.mosaic import join
from pipeline.figures.kit.png import image_png
from pipeline.figures.kit.rgb import as_rgb, shrunk

LONGEST_SIDE = 64  # pixels of the longer side of an image; larger ones are shrunk


def image_row(images: np.ndarray) -> bytes:
    """Images [N, H, W, C], uint8 or floating point in [0, 1], beside each other as a PNG."""
    return image_png(join(shrunk(as_rgb(images), LONGEST_SIDE)[None], 0, 1))
