"""What a comparison shows of one run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Member:
    """One run of a comparison.

    Attributes:
        name: what sets it apart from the others.
        caption: its numbers, a line or two.
        images, reconstructions: [N, H, W, C], uint8 or floating point in [0, 1].
        points: [M, 1 or 2], posterior means; labels: integers [M], indices into class_names.
        decoded: a plane of the latent space, [rows, columns, H, W, C]; row 0 has the smallest y.
        samples: [S, H, W, C].
        explained: shares of the variance along the principal axes, where the points are coordinates on those.
    """

    name: str
    caption: str
    images: np.ndarray
    reconstructions: np.ndarray
    points: np.ndarray
    labels: np.ndarray
    class_names: Sequence[str]
    decoded: np.ndarray
    samples: np.ndarray
    explained: Sequence[float] | np.ndarray | None = None
