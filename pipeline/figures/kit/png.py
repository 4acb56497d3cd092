"""Figures and images as the content of PNG files."""

import io

import numpy as np
from matplotlib.figure import Figure
from PIL import Image


def png(figure: Figure) -> bytes:
    """The figure as PNG, of as many pixels as it is measured in."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=figure.dpi)
    return content.getvalue()


def image_png(image: np.ndarray) -> bytes:
    """The image, uint8 [H, W, 3], as PNG; of a single channel where all of its pixels are grey."""
    grey = bool((image == image[..., :1]).all())
    content = io.BytesIO()
    Image.fromarray(image[..., 0] if grey else image).save(content, "PNG", optimize=True)
    return content.getvalue()
