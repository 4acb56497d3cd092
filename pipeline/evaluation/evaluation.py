"""An evaluation of a trained model: its scores on one split."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pipeline.data.binarisation import as_trained
from pipeline.data.images import ImageData, Split
from pipeline.data.random_stream import random_order
from pipeline.evaluation.collapse import active_units, collapse_warning
from pipeline.evaluation.disentanglement.compared import Compared
from pipeline.evaluation.disentanglement.disentanglement import disentanglement
from pipeline.evaluation.image_scores import ImageScores, drawn_latents, image_table
from pipeline.evaluation.information import mutual_information
from pipeline.evaluation.likelihood_bound import importance_weighted_nll, mean_with_control
from pipeline.evaluation.likelihood_bracket import likelihood_bracket
from pipeline.evaluation.linear_probe import linear_probe_accuracy
from pipeline.evaluation.mean_loss import mean_loss
from pipeline.evaluation.neighbours import knn_accuracy
from pipeline.evaluation.sample_scores import sample_scores
from pipeline.evaluation.scores import CATALOGUE
from pipeline.evaluation.settings import EvaluationSettings
from pipeline.latent.encoding import Encoded, distortions, encode, squared_errors
from pipeline.models.vae import VAE


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The scores of a model: means over the images of a split; None where a score has no meaning.

    A model that draws no latents (`objective.sampling=false`) has no posterior, so that the scores of its likelihood
    and of its information are None; its rate is that of the Gaussian that its encoder gives.

    Attributes:
        split: that was evaluated.
        loss: what training minimised, with the final weights of the objective, nats.
        rate, distortion: the parts of the ELBO with one latent drawn for each image, nats.
        elbo: −(rate + distortion), nats; comparable between models of different weights.
        nll: importance-weighted upper bound on −log p(x), nats (Burda et al. 2016, eq. 8).
        nll_standard_error: standard error of that mean over images, nats; infinite with less than three images.
        bits_per_dimension: the bound in bits for each value of a pixel, of 8-bit pixels where the likelihood is a
            density; None for a Bernoulli likelihood of grey pixels, which is no probability of theirs.
        mse: mean squared error of a pixel in [0, 1] of images decoded from their posterior mean.
        active_units: latent dimensions whose posterior mean varies (Burda et al. 2016, section 5.2).
        collapsed: share of the latent dimensions that are not active.
        mutual_information: of image and latent, nats; at most the log of the number of images it is estimated from, so
            too low where it comes near that (Hoffman and Johnson 2016).
        marginal_kl: KL(aggregated posterior ‖ prior), nats, the rest of the rate; too high where the mutual information
            is too low.
        knn_accuracy: share of images whose class most of their nearest training images in latent space have; None
            where there is one class.
        linear_probe_accuracy: share of images whose class a linear classifier of latents tells; None for one class.
        nll_ais: upper bound on −log p(x) by annealed importance sampling, nats (Wu et al. 2017).
        nll_ais_standard_error: standard error of that mean over images, nats.
        bdmc_gap: mean width of the bracket of −log p(x) of images that the model draws, nats (Grosse et al. 2015).
        kid, kid_standard_error: MMD² of samples and images of the split in features of the data set (Bińkowski et al.
            2018).
        sample_precision, sample_recall: of samples, in the same features (Kynkäänniemi et al. 2019).
        sample_density, sample_coverage: of samples, in the same features (Naeem et al. 2020).
        feature_network: the name of the network that these features are of; None where there are no samples.
        mig, sap, factor_vae: scores of disentanglement, from 0 to 1, of data with known factors: the gap in mutual
            information (Chen et al. 2018), separated attribute predictability (Kumar et al. 2018), and the accuracy of
            votes for the factor that images share (Kim and Mnih 2018).
        dci_disentanglement, dci_completeness, dci_informativeness: likewise, by trees (Eastwood and Williams 2018).
        infomec_modularity, infomec_explicitness, infomec_compactness: likewise, by information (Hsu et al. 2023).
        warning: a text about latent dimensions that collapsed, with a cure; None where none did.
        images: the scores of each image.
    """

    split: str = "test"
    loss: float
    rate: float
    distortion: float
    elbo: float
    nll: float | None = None
    nll_standard_error: float | None = None
    bits_per_dimension: float | None = None
    mse: float
    active_units: int
    collapsed: float
    mutual_information: float | None = None
    marginal_kl: float | None = None
    knn_accuracy: float | None = None
    linear_probe_accuracy: float | None = None
    nll_ais: float | None = None
    nll_ais_standard_error: float | None = None
    bdmc_gap: float | None = None
    kid: float | None = None
    kid_standard_error: float | None = None
    sample_precision: float | None = None
    sample_recall: float | None = None
    sample_density: float | None = None
    sample_coverage: float | None = None
    feature_network: str | None = None
    mig: float | None = None
    sap: float | None = None
    dci_disentanglement: float | None = None
    dci_completeness: float | None = None
    dci_informativeness: float | None = None
    factor_vae: float | None = None
    infomec_modularity: float | None = None
    infomec_explicitness: float | None = None
    infomec_compactness: float | None = None
    warning: str | None = None
    images: ImageScores | None = field(default=None, compare=False, repr=False)

    def metrics(self, prefix: str | None = None) -> dict[str, float]:
        """The scores by name, such as `test/elbo`, without those that are None, infinite or not a number."""
        return {f"{prefix or self.split}/{name}": value for name, value in self._numbers().items()}

    def labelled(self) -> dict[str, float]:
        """The scores by their labels, such as `ELBO, nats per image`, for a person to read."""
        numbers = self._numbers()
        return {score.label: numbers[name] for name, score in CATALOGUE.items() if name in numbers}

    def _numbers(self) -> dict[str, float]:
        values = vars(self).items()
        return {name: float(value) for name, value in values if isinstance(value, int | float) and math.isfinite(value)}


def evaluate(vae: VAE, data: ImageData, settings: EvaluationSettings) -> Evaluation:
    """Evaluate a model on a split; equal seeds give equal scores, and the model's own stream of noise is not used."""
    split = data.validation if settings.split == "validation" else data.test
    encoded = encode(vae, split.rows)
    noise, latents = drawn_latents(vae, encoded, settings.seed)
    rates = encoded.rates.sum(axis=1)
    distortion = distortions(vae, encoded, latents)
    squared_error = squared_errors(vae, encoded)
    rate = float(rates.mean())
    active = active_units(encoded.mean)
    warning = collapse_warning(active=active, units=vae.latent_dim, rate=rate, objective=vae.objective)
    nll = np.full(len(encoded), np.nan)
    of_posterior: dict[str, Any] = {}
    if vae.objective.sampling:
        chosen, bounds = _bounds(vae, encoded, settings)
        nll[chosen] = bounds
        of_posterior = _likelihood(vae, encoded, chosen, bounds, rates + distortion)
        of_posterior |= likelihood_bracket(vae, encoded, rates + distortion, settings)
        of_posterior |= _information(encoded, noise, rate, settings)
    return Evaluation(
        split=settings.split,
        loss=mean_loss(vae, encoded, latents, distortion, population=len(data.train), seed=settings.seed),
        rate=rate,
        distortion=float(distortion.mean()),
        elbo=-(rate + float(distortion.mean())),
        mse=float(squared_error.mean()),
        active_units=active,
        collapsed=1 - active / vae.latent_dim,
        warning=warning if len(split) > 1 else None,  # the posterior mean of a single image cannot vary
        images=ImageScores(
            split=settings.split,
            fingerprint=data.fingerprint,
            likelihood=type(vae.likelihood).__name__,
            seed=settings.seed,
            importance_samples=settings.importance_samples,
            table=image_table(split.labels, rates, distortion, squared_error, nll),
        ),
        **_accuracies(vae, data, encoded.mean, split.labels, settings),
        **of_posterior,
        **sample_scores(vae, data, split, settings),
        **_disentanglement(vae, data, encoded.mean, split, settings),
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


def _accuracies(
    vae: VAE, data: ImageData, means: np.ndarray, labels: np.ndarray, settings: EvaluationSettings
) -> dict[str, Any]:
    """The accuracies of classes [N] that are predicted from posterior means [N, D] by those of training images."""
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
    values = split.factors[chosen]
    return disentanglement(Compared.of(means[chosen], values, data.factors, prior=vae.objective.sampling))


def _some(number: int, at_most: int | None, seed: int) -> np.ndarray:
    """Positions of images in random order, int [n]; a smaller limit gives the beginning of what a larger one gives."""
    return random_order(number, seed, "evaluation")[:at_most]
