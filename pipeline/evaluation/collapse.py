"""Posterior collapse: latent dimensions that say nothing about the image, and what to do about them."""

import numpy as np

from pipeline.models.objectives.objective import Objective
from pipeline.models.objectives.weight_schedule import ByRate
from pipeline.models.objectives.weighted_elbo import WeightedElbo

ACTIVE = 0.01
"""A latent dimension is active where its posterior mean varies more than this (Burda et al. 2016, section 5.2)."""


def active_units(means: np.ndarray) -> int:
    """The number of latent dimensions whose posterior means, float [N, D], vary from image to image."""
    return int((means.var(axis=0) > ACTIVE).sum())


def collapse_warning(*, active: int, units: int, rate: float, objective: Objective) -> str | None:
    """A text that says which latent dimensions collapsed, what that means and what to do.

    None where every unit is active, and for a model that draws no latents: the size of its codes means nothing.

    Args:
        active: latent dimensions that are active.
        units: all latent dimensions.
        rate: mean rate of an image, nats.
        objective: of the model, whose settings are named as the cure.
    """
    if active == units or not objective.sampling:
        return None
    found = (
        f"Posterior collapse: {units - active} of {units} latent dimensions ({1 - active / units:.0%}) are not active. "
        f"Their posterior means hardly differ from image to image (variance at most {ACTIVE:g}). "
        f"The rate is {rate:.3g} nats."
    )
    return " ".join((found, _meaning(active), _cure(active, objective)))


def _meaning(active: int) -> str:
    if active:
        return f"These are noise to the decoder; all information about an image is in the other {active}."
    return "The latents are noise to the decoder, so that it gives the same picture for every image."


def _cure(active: int, objective: Objective) -> str:
    fewer = f" Or leave these dimensions out: set model.latent_dim={active}." if active else ""
    if isinstance(objective.schedule, ByRate):
        rate = f"To activate them, raise objective.schedule.rate (now {objective.schedule.rate:g})."
        return rate + fewer
    if not isinstance(objective, WeightedElbo):
        return f"To activate them, {objective.CURE}." + fewer
    if objective.distortion_weight == 0:
        return "The loss leaves the distortion out, so collapse is its optimum. For reconstructions set objective=vae."
    if objective.beta == 0:
        return "The rate has no weight, so a longer training may activate them: raise training.epochs." + fewer
    return (
        f"To activate them, let the weight of the rate rise more slowly (objective/schedule=warmup, objective.schedule."
        f"epochs), raise objective.free_bits (now {objective.free_bits:g}), or lower objective.beta (now "
        f"{objective.beta:g})." + fewer
    )
