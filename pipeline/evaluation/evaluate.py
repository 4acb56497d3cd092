"""A trained model is evaluated on a split: each score from what computes it."""

import math
from typing import Any

import numpy as np
import pandas as pd

from pipeline.data.binarisation import as_trained
from pipeline.data.images import ImageData, Split
from pipeline.data.random_stream import random_order
from pipeline.evaluation.annealing import Annealing
from pipeline.evaluation.collapse import active_units, collapse_warning
from pipeline.evaluation.disentanglement.compared import Compared, comparable_factors
from pipeline.evaluation.disentanglement.disentanglement import disentanglement
from pipeline.evaluation.evaluation import Evaluation
from pipeline.evaluation.image_scores import ImageScores, image_table, posterior_draws
from pipeline.evaluation.information import mutual_information
from pipeline.evaluation.likelihood_bound import importance_weighted_nll, mean_with_control
from pipeline.evaluation.likelihood_bracket import likelihood_bracket
from pipeline.evaluation.linear_probe import linear_probe_accuracy
from pipeline.evaluation.mean_loss import mean_loss
from pipeline.evaluation.neighbours import knn_accuracy
from pipeline.evaluation.sample_scores import sample_scores
from pipeline.evaluation.settings import EvaluationSettings
from pipeline.latent.encoding import Encoded, distortions, encode, squared_errors
from pipeline.models.vae import VAE


def evaluate(vae: VAE, data: ImageData, settings: EvaluationSettings) -> Evaluation:
    """Evaluate a model on a split; equal seeds give equal scores, and the model's own stream of noise is not used."""
    split = data.validation if settings.split == "validation" else data.test
    encoded = encode(vae, split.rows, split.labels)
    noise, latents = posterior_draws(vae, encoded, settings.seed)
    rates = encoded.rates.sum(axis=1)
    distortion = distortions(vae, encoded, latents)
    squared_error = squared_errors(vae, encoded)
    rate, mean_distortion = float(rates.mean()), float(distortion.mean())
    active = active_units(encoded.mean)
    warning = collapse_warning(active=active, units=vae.latent_dim, rate=rate, objective=vae.objective)
    nll = np.full(len(encoded), np.nan)
    of_posterior: dict[str, Any] = {}
    if vae.objective.sampling:
        chosen, bounds = _bounds(vae, encoded, settings)
        nll[chosen] = bounds
        of_posterior = _information(encoded, noise, rate, settings)
        of_posterior |= _likelihood(vae, encoded, chosen, bounds, rates + distortion)
        of_posterior |= _bracket(vae, encoded, rates + distortion, settings)
    return Evaluation(
        split=settings.split,
        loss=mean_loss(vae, encoded, latents, distortion, population=len(data.train), seed=settings.seed),
        rate=rate,
        distortion=mean_distortion,
        elbo=-(rate + mean_distortion),
        mse=float(squared_error.mean()),
        active_units=active,
        collapsed=1 - active / vae.latent_dim,
        has_bound=vae.has_bound,
        given_class=vae.conditional,
        warning=warning if len(split) > 1 else None,  # the posterior mean of a single image cannot vary
        images=_of_images(vae, data, settings, image_table(split.labels, rates, distortion, squared_error, nll)),
        **_accuracies(vae, data, encoded.mean, split.labels, settings),
        **of_posterior,
        **_of_samples(vae, data, split, settings),
        **_disentanglement(vae, data, encoded.mean, split, settings),
    )


def _of_images(vae: VAE, data: ImageData, settings: EvaluationSettings, table: pd.DataFrame) -> ImageScores:
    """The scores of each image, in a table, with what they depend on."""
    return ImageScores(
        split=settings.split,
        fingerprint=data.fingerprint,
        likelihood=type(vae.likelihood).__name__,
        seed=settings.seed,
        importance_samples=settings.importance_samples,
        table=table,
    )


def _bounds(vae: VAE, encoded: Encoded, settings: EvaluationSettings) -> tuple[np.ndarray, np.ndarray]:
    """Positions of images, int [n], and their bounds on −log p(x), nats, [n]; of none where no bound is asked for."""
    if settings.importance_samples is None:
        return np.array([], int), np.array([])
    chosen = _some(len(encoded), settings.nll_images, settings.seed)
    return chosen, importance_weighted_nll(vae, encoded.take(chosen), settings.importance_samples, settings.seed)


def _likelihood(
    vae: VAE, encoded: Encoded, chosen: np.ndarray, bounds: np.ndarray, negative_elbos: np.ndarray
) -> dict[str, float | None]:
    """The scores of the bound on −log p(x), given −ELBO of each image, nats, [N]; none where a number is not finite."""
    if not (len(bounds) and np.isfinite(bounds).all() and np.isfinite(negative_elbos).all()):
        return {}
    nll, standard_error = mean_with_control(bounds, negative_elbos, chosen)
    bits = vae.likelihood.bits_per_dimension(nll, encoded.images.whole())
    return {"nll": nll, "nll_standard_error": standard_error, "bits_per_dimension": bits}


def _bracket(
    vae: VAE, encoded: Encoded, negative_elbos: np.ndarray, settings: EvaluationSettings
) -> dict[str, float | None]:
    """The scores of annealing, given −ELBO of each image, nats, [N]; none where it is not asked for."""
    if settings.annealing_steps is None:
        return {}
    chosen = _some(len(encoded), settings.annealing_images, settings.seed)
    annealing = Annealing(vae, settings.annealing_steps, settings.seed)
    return likelihood_bracket(annealing, encoded, negative_elbos, chosen)


def _information(
    encoded: Encoded, noise: np.ndarray, rate: float, settings: EvaluationSettings
) -> dict[str, float | None]:
    """The two parts of the rate, nats, given the noise [N, D] of each latent; none where they are not finite."""
    chosen = _some(len(encoded), settings.information_images, settings.seed)
    information = mutual_information(encoded.take(chosen), noise[chosen])
    if not math.isfinite(rate - information):
        return {}
    information = min(max(information, 0.0), rate)  # neither part is negative, but for the error of the estimate
    return {"mutual_information": information, "marginal_kl": rate - information}


def _of_samples(vae: VAE, data: ImageData, split: Split, settings: EvaluationSettings) -> dict[str, Any]:
    """The scores of samples beside images of the split; none where none are asked for."""
    if settings.samples is None:
        return {}
    shown = split.take(_some(len(split), settings.samples, settings.seed))
    return sample_scores(vae, data, shown, settings.seed)


def _accuracies(
    vae: VAE, data: ImageData, means: np.ndarray, labels: np.ndarray, settings: EvaluationSettings
) -> dict[str, Any]:
    """The accuracies of classes [N] that are predicted from posterior means [N, D] by those of training images.

    There are none of a conditional model, whose encoder is told the class.
    """
    if vae.conditional:
        return {}
    order = _some(len(data.train), None, settings.seed)
    among = order[: settings.neighbour_images] if settings.neighbours else order[:0]
    fitted = order[: settings.linear_probe] if settings.linear_probe else order[:0]
    if not len(longest := max(among, fitted, key=len)):
        return {}
    train = as_trained(data, longest)
    known = encode(vae, train.rows).mean
    found: dict[str, Any] = {}
    if settings.neighbours:
        near = slice(len(among))
        found["knn_accuracy"] = knn_accuracy(
            known[near], train.labels[near], means, labels, neighbours=settings.neighbours
        )
    if settings.linear_probe:
        some = slice(len(fitted))
        found["linear_probe_accuracy"] = linear_probe_accuracy(known[some], train.labels[some], means, labels)
    return found


def _disentanglement(
    vae: VAE, data: ImageData, means: np.ndarray, split: Split, settings: EvaluationSettings
) -> dict[str, Any]:
    """The scores of posterior means [N, D] beside the factors of the split; none where these are not known."""
    if settings.factor_samples is None or split.factors is None:
        return {}
    chosen = _some(len(split), settings.factor_samples, settings.seed)
    told = split.labels[chosen] if vae.conditional else None
    compared = Compared.of(means[chosen], split.factors[chosen], data.factors, prior=vae.objective.sampling, told=told)
    return disentanglement(compared)


def has_comparable_factors(split: Split, settings: EvaluationSettings, *, conditional: bool) -> bool:
    """Whether the images of a split are enough, and differ enough, to score latents by their factors."""
    if settings.factor_samples is None or split.factors is None:
        return False
    chosen = _some(len(split), settings.factor_samples, settings.seed)
    return comparable_factors(split.factors[chosen], split.labels[chosen] if conditional else None).size > 0


def _some(number: int, at_most: int | None, seed: int) -> np.ndarray:
    """Positions of images in random order, int [n]; a smaller limit gives the beginning of what a larger one gives."""
    return random_order(number, seed, "evaluation")[:at_most]
