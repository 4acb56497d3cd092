"""The scores of annealing: a bound on −log p(x) from above, and how far it is from one below (Wu et al. 2017)."""

import math

import numpy as np

from pipeline.data.random_stream import random_order
from pipeline.evaluation.annealing import Annealing
from pipeline.evaluation.likelihood_bound import mean_with_control
from pipeline.evaluation.settings import EvaluationSettings
from pipeline.latent.encoding import Encoded
from pipeline.models.vae import VAE


def likelihood_bracket(
    vae: VAE, encoded: Encoded, negative_elbos: np.ndarray, settings: EvaluationSettings
) -> dict[str, float | None]:
    """The bound of images with its standard error, and the width of the bracket of as many images that the model draws.

    There are none where no annealing is asked for, or a number is not finite.

    Args:
        vae: the model.
        encoded: N images with their posteriors.
        negative_elbos: −ELBO of each image, nats, [N].
        settings: of the evaluation.
    """
    if settings.annealing_steps is None:
        return {}
    chosen = random_order(len(encoded), settings.seed, "evaluation")[: settings.annealing_images]
    annealing = Annealing(vae, settings.annealing_steps, settings.seed)
    some = encoded.take(chosen)
    bounds = annealing.nll(some)
    if not (np.isfinite(bounds).all() and np.isfinite(negative_elbos).all()):
        return {}
    nll, standard_error = mean_with_control(bounds, negative_elbos, chosen)
    return {"nll_ais": nll, "nll_ais_standard_error": standard_error, "bdmc_gap": _gap(annealing, some)}


def _gap(annealing: Annealing, encoded: Encoded) -> float | None:
    """The mean width, nats, of the bracket of images that the model draws, as many as those given, of their classes.

    The true value is within it on average, and the bound of other images is likely to be as near to theirs (Wu et al.
    2017, section 4.2).
    """
    bracket = annealing.bracket(len(encoded), encoded.labels)
    gap = math.nan if bracket is None else float(np.mean(bracket[1] - bracket[0]))
    return gap if math.isfinite(gap) else None
