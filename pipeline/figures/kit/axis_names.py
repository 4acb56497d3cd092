"""Names of the coordinates that a figure of a latent space has."""

from collections.abc import Sequence

import numpy as np

SHARE = " ({:.1%} of the variance)"
"""How the share of the variance follows the name of a principal axis."""


def axis_names(explained: Sequence[float] | np.ndarray | None, share: str = SHARE) -> list[str]:
    """Names of the first two coordinates: the latent's own, or principal axes, each with its share of the variance.

    Args:
        explained: shares of the variance along the principal axes, [2 or more]; None for the latent's own coordinates.
        share: the format in which a share follows the name.
    """
    if explained is None:
        return ["z1", "z2"]
    return [f"principal axis {i}{share.format(part)}" for i, part in enumerate(explained[:2], 1)]
