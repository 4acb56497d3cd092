"""Posterior collapse: latent dimensions that say nothing about the image, and what to do about them."""

import numpy as np

from pipeline.models.objective import Objective

ACTIVE = 0.01
"""Variance of its posterior mean over the images above which a dimension is active (Burda et al. 2016, section 5.2)."""


def active_units(means: np.ndarray) -> int:
    """How many latent dimensions have posterior means [N, D] that vary from image to image."""
    return int((means.var(axis=0) > ACTIVE).sum())


def collapse_warning(*, active: int, units: int, rate: float, objective: Objective) -> str | None:
    """What collapsed, what that means and what to do, for a person to read.

    None where every unit is active, and for a model that draws no latents: the scale of its codes means nothing.
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
        return f"To the decoder they are noise; what it knows of an image is in the other {active}."
    return "To the decoder the latents are noise, so that it draws the same picture for every image."


def _cure(active: int, objective: Objective) -> str:
    if objective.distortion_weight == 0:
        return "The loss leaves the distortion out, so this is its optimum. For reconstructions choose objective=vae."
    fewer = f" Or do without them: model.latent_dim={active}." if active else ""
    if objective.beta == 0:
        return "The rate costs nothing, so a longer training may bring them to use (training.epochs)." + fewer
    return (
        f"To use them, raise objective.warmup_epochs (now {objective.warmup_epochs}) or objective.free_bits (now "
        f"{objective.free_bits:g}), or lower objective.beta (now {objective.beta:g})." + fewer
    )
