"""Images that a model finds unusual, each over its reconstruction."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from pipeline.figures.images.captioned import captioned
from pipeline.figures.kit.mosaic import stack_pairs
from pipeline.figures.kit.rgb import as_rgb_pairs

GAP = 1  # pixels between an image and its reconstruction, before both are magnified


def anomalies(images: np.ndarray, reconstructions: np.ndarray, captions: Sequence[str], title: str) -> Figure:
    """Images [N, H, W, C], uint8 or floating point in [0, 1], over their reconstructions, each pair with a caption."""
    above, below = as_rgb_pairs(images, reconstructions)
    return captioned(stack_pairs(above, below, GAP), captions, title)
