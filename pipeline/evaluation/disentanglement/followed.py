"""The factor that each latent follows most."""

from pipeline.evaluation.disentanglement.compared import Compared
from pipeline.evaluation.disentanglement.information import information_beyond_chance

LEAST = 0.1
"""Share of the entropy of a factor that a latent tells at least if it is said to follow it."""


def followed_factors(compared: Compared | None) -> dict[int, str]:
    """The name of the factor of which each latent tells most, by the position of the latent among all.

    Latents that tell little of any factor are left out, and all where nothing can be compared.
    """
    if compared is None:
        return {}
    information = information_beyond_chance(compared.latents, compared.values)
    return {
        int(position): compared.factors[shares.argmax()].name
        for position, shares in zip(compared.positions, information, strict=True)
        if shares.max() >= LEAST
    }
