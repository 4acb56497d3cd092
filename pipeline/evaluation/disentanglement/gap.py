"""The gap between the best and the second best latent for a factor."""

import numpy as np


def gaps(scores: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """By how much the best latent surpasses the second best for each factor, [F].

    Args:
        scores: of each latent for each factor, [D, F].
        floor: what a latent that is constant scores for each factor, [F]; the second best where there is but one.
    """
    ranked = np.sort(np.concatenate([scores, np.tile(floor, (2, 1))]), axis=0)
    return ranked[-1] - ranked[-2]
