"""The mutual information gap (Chen et al. 2018, "Isolating sources of disentanglement in VAEs", eq. 6)."""

import numpy as np

from pipeline.evaluation.disentanglement.gap import gaps
from pipeline.evaluation.disentanglement.information import normalised_information


def mig(latents: np.ndarray, factors: np.ndarray) -> float:
    """The mean over factors of the gap between the latents that tell most of it, as a share of its entropy.

    It is 1 where each factor is told by one latent alone and by it completely.

    Args:
        latents: [N, D].
        factors: int [N, F], of which each has two values at least.
    """
    return float(gaps(normalised_information(latents, factors), np.zeros(factors.shape[1])).mean())
