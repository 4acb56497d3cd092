"""Images that move, each in its place, forwards and backwards without end."""

import numpy as np

from pipeline.figures.film.gif import gif
from pipeline.figures.kit.mosaic import arrange, join, magnify, near_square, whole_factor
from pipeline.figures.kit.rgb import as_rgb

SIDE = 480
"""Pixels that all images together may take."""
STEP_MILLISECONDS = 80
END_MILLISECONDS = 480
"""Where the images turn, they are shown longer."""


def loop(frames: np.ndarray) -> bytes:
    """A GIF of images [steps, N, H, W, C], uint8 or floating point in [0, 1], of which all N move at once."""
    pixels = as_rgb(frames, "SN")
    steps, count, height, width, _ = pixels.shape
    rows, columns = near_square(count, height, width)
    factor = whole_factor(rows * height, columns * width, SIDE)
    pictures = [magnify(join(arrange(step, rows, columns), 2, 2), factor) for step in pixels]
    there_and_back = [*range(steps), *range(steps - 2, 0, -1)]
    times = [END_MILLISECONDS if step in (0, steps - 1) else STEP_MILLISECONDS for step in there_and_back]
    return gif([pictures[step] for step in there_and_back], times, exact=np.zeros((0, 3), np.uint8))
