"""Images that move, each in its place, forwards and backwards without end."""

import numpy as np

from pipeline.figures.film.gif import Palette, gif
from pipeline.figures.kit.mosaic import arrange, join, magnify, near_square, whole_factor
from pipeline.figures.kit.rgb import as_rgb

SIDE = 480  # pixels that all images may take
MILLISECONDS = 80  # that each step is seen; the ends are seen longer


def loop(frames: np.ndarray) -> bytes:
    """A GIF of images [steps, N, H, W, C], uint8 or floating point in [0, 1], of which all N move at once."""
    pixels = as_rgb(frames, "SN")
    _, count, height, width, _ = pixels.shape
    rows, columns = near_square(count, height, width)
    factor = whole_factor(rows * height, columns * width, SIDE)
    pictures = [magnify(join(arrange(step, rows, columns), 2, 2), factor) for step in pixels]
    palette = Palette(pictures, np.zeros((0, 3), np.uint8))
    order = [*range(len(pictures)), *range(len(pictures) - 2, 0, -1)]
    ends = (0, len(pictures) - 1)
    times = [MILLISECONDS * (6 if index in ends else 1) for index in order]
    return gif((palette.indices(pictures[index]) for index in order), palette, times)
