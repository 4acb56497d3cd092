"""The scores of annealing: a bound on −log p(x) from above, and how far it is from one below (Wu et al. 2017)."""

import math

import numpy as np

from pipeline.evaluation.annealing import Annealing
from pipeline.evaluation.likelihood_bound import mean_with_control
from pipeline.latent.encoding import Encoded


def likelihood_bracket(
    annealing: Annealing, encoded: Encoded, negative_elbos: np.ndarray, chosen: np.ndarray
) -> dict[str, float | None]:
    """The bound of images with its standard error, and the width of the bracket of as many images that the model draws.

    There are none where a number is not finite.

    Args:
        annealing: of the model.
        encoded: N images with their posteriors.
        negative_elbos: −ELBO of each image, nats, [N].
        chosen: positions of the images whose bound is computed, int [n].
    """
    some = encoded.take(chosen)
    bounds = annealing.nll(some)
    if not (np.isfinite(bounds).all() and np.isfinite(negative_elbos).all()):
        return {}
    nll, standard_error = mean_with_control(bounds, negative_elbos, chosen)
    return {"nll_ais": nll, "nll_ais_standard_error": standard_error, "bdmc_gap": _gap(annealing, some)}


def _gap(annealing: Annealing, encoded: Encoded) -> float | None:
    """The mean width, nats, of the bracket of images that the model draws, as many as those given, of their classes.

    The true value is within it on average, and the bound of other images was found to be about as near to theirs (Wu et
    al. 2017, section 5.3.1).
    """
    bracket = annealing.bracket(len(encoded), encoded.labels)
    gap = math.nan if bracket is None else float(np.mean(bracket[1] - bracket[0]))
    return gap if math.isfinite(gap) else None
