"""What the figure of several runs shows of one of them."""

from dataclasses import dataclass

import numpy as np

from pipeline.figures.images.decoded_plane import DecodedPlane
from pipeline.figures.latent.labelled_points import LabelledPoints


@dataclass(frozen=True, eq=False)
class Column:
    """One run.

    Attributes:
        name: what sets it apart from the others.
        caption: its numbers, a line or two.
        images, reconstructions: [N, H, W, C], uint8 or floating point in [0, 1].
        points: posterior means.
        plane: a decoded plane of the latent space.
        samples: [S, H, W, C], uint8 or floating point in [0, 1].
    """

    name: str
    caption: str
    images: np.ndarray
    reconstructions: np.ndarray
    points: LabelledPoints
    plane: DecodedPlane
    samples: np.ndarray
