"""Names of the coordinates that a picture of a latent space has."""

from collections.abc import Sequence

import numpy as np


def axis_names(explained: Sequence[float] | np.ndarray | None, share: str = " ({:.1%} of the variance)") -> list[str]:
    """Names of the first two coordinates: the latent's own, or principal axes, each with its share of the variance."""
    if explained is None:
        return ["z1", "z2"]
    return [f"principal axis {i}{share.format(part)}" for i, part in enumerate(explained[:2], 1)]
