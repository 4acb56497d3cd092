"""The FactorVAE score (Kim and Mnih 2018, "Disentangling by factorising", section 4)."""

import numpy as np

from pipeline.data.random_stream import random_stream

VOTES = 5000
"""Groups of images by which the classifier learns, and as many by which it is tested."""

GROUP = 64
"""Images of a group, which have the same value of one factor."""

AT_ONCE = 500
"""Groups in memory at once."""


def factor_vae_score(latents: np.ndarray, factors: np.ndarray) -> float:
    """The accuracy with which the factor that a group of images shares is told from the latent that varies least.

    Of each group, drawn from images of one value of one factor, the latent whose variance is the smallest part of its
    variance over all images votes for the factor; each latent stands for the factor that most of its votes were for.

    Args:
        latents: [N, D], of which none is constant.
        factors: int [N, F], of which each has two values at least.
    """
    stream = random_stream(0, "factor votes")
    learned, tested = (_votes(latents / latents.std(axis=0), factors, stream) for _ in range(2))
    chosen = np.zeros_like(learned)
    np.put_along_axis(chosen, learned.argmax(axis=1)[:, None], 1, axis=1)
    return float((tested * chosen).sum() / tested.sum())


def _votes(latents: np.ndarray, factors: np.ndarray, stream: np.random.RandomState) -> np.ndarray:
    """How often each of the latents [N, D], of variance 1, varied least in groups that share each factor, [D, F]."""
    order = factors.argsort(axis=0, kind="stable")
    starts = [np.flatnonzero(np.diff(column[at], prepend=-1)) for column, at in zip(factors.T, order.T, strict=True)]
    sizes = [np.diff(start, append=len(latents)) for start in starts]
    votes = np.zeros((latents.shape[1], factors.shape[1]))
    for _ in range(VOTES // AT_ONCE):
        shared = stream.randint(factors.shape[1], size=AT_ONCE)
        places = stream.random_sample((AT_ONCE, 1 + GROUP))
        for factor in range(factors.shape[1]):
            drawn = places[shared == factor]
            value = (drawn[:, 0] * len(starts[factor])).astype(int)
            among = starts[factor][value][:, None] + (drawn[:, 1:] * sizes[factor][value][:, None]).astype(int)
            group = latents[order[among, factor]]  # [groups, GROUP, D]
            np.add.at(votes, (group.var(axis=1).argmin(axis=1), factor), 1)
    return votes
