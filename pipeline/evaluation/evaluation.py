"""An evaluation of a trained model: its scores on one split."""

import math
from dataclasses import asdict, dataclass

import numpy as np

from pipeline.data.binarisation import as_trained
from pipeline.data.images import ImageData
from pipeline.data.random_stream import random_order, random_stream
from pipeline.evaluation.collapse import active_units, collapse_warning
from pipeline.evaluation.information import mutual_information
from pipeline.evaluation.likelihood_bound import importance_weighted_nll, mean_with_control
from pipeline.evaluation.mean_loss import mean_loss
from pipeline.evaluation.neighbours import knn_accuracy
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
            where there is one class, and of a conditional model, whose encoder is told the class.
        given_class: whether the model is conditional, so that its likelihood is p(image | class).
        warning: a text about latent dimensions that collapsed, with a cure; None where none did.
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
    given_class: bool = False
    warning: str | None = None

    def metrics(self, prefix: str | None = None) -> dict[str, float]:
        """The scores by name, such as `test/elbo`, without those that are None, infinite or not a number."""
        return {f"{prefix or self.split}/{name}": value for name, value in self._numbers().items()}

    def labelled(self) -> dict[str, float]:
        """The scores by their labels, such as `ELBO, nats per image`, for a person to read."""
        numbers = self._numbers()
        return {score.labelled(self.given_class): numbers[name] for name, score in CATALOGUE.items() if name in numbers}

    def _numbers(self) -> dict[str, float]:
        values = {name: value for name, value in asdict(self).items() if name in CATALOGUE and value is not None}
        return {name: float(value) for name, value in values.items() if math.isfinite(value)}


def evaluate(vae: VAE, data: ImageData, settings: EvaluationSettings) -> Evaluation:
    """Evaluate a model on a split; equal seeds give equal scores, and the model's own stream of noise is not used."""
    split = data.validation if settings.split == "validation" else data.test
    encoded = encode(vae, split.rows, split.labels)
    noise = random_stream(settings.seed, "latents").standard_normal(encoded.mean.shape)
    latents = encoded.latents(noise) if vae.objective.sampling else encoded.mean
    rates = encoded.rates
    distortion = distortions(vae, encoded, latents)
    rate = float(rates.sum(axis=1).mean())
    active = active_units(encoded.mean)
    warning = collapse_warning(active=active, units=vae.latent_dim, rate=rate, objective=vae.objective)
    of_posterior = {}
    if vae.objective.sampling:
        of_posterior = _likelihood(vae, encoded, rates.sum(axis=1) + distortion, settings)
        of_posterior |= _information(encoded, noise, rate, settings)
    return Evaluation(
        split=settings.split,
        loss=mean_loss(vae, encoded, latents, distortion, population=len(data.train), seed=settings.seed),
        rate=rate,
        distortion=float(distortion.mean()),
        elbo=-(rate + float(distortion.mean())),
        mse=float(squared_errors(vae, encoded).mean()),
        active_units=active,
        collapsed=1 - active / vae.latent_dim,
        knn_accuracy=_knn_accuracy(vae, data, encoded.mean, split.labels, settings),
        given_class=vae.conditional,
        warning=warning if len(split) > 1 else None,  # the posterior mean of a single image cannot vary
        **of_posterior,
    )


def _likelihood(
    vae: VAE, encoded: Encoded, negative_elbos: np.ndarray, settings: EvaluationSettings
) -> dict[str, float | None]:
    """The scores of the bound on −log p(x), given −ELBO of each image, nats, [N]; none where a number is not finite."""
    if settings.importance_samples is None:
        return {}
    chosen = _some(len(encoded), settings.nll_images, settings.seed)
    bounds = importance_weighted_nll(vae, encoded.take(chosen), settings.importance_samples, settings.seed)
    if not (np.isfinite(bounds).all() and np.isfinite(negative_elbos).all()):
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


def _knn_accuracy(
    vae: VAE, data: ImageData, means: np.ndarray, labels: np.ndarray, settings: EvaluationSettings
) -> float | None:
    """The accuracy of classes [N] that are predicted from posterior means [N, D] by those of training images."""
    if settings.neighbours is None or vae.conditional:
        return None
    near = as_trained(data, _some(len(data.train), settings.neighbour_images, settings.seed))
    return knn_accuracy(encode(vae, near.rows).mean, near.labels, means, labels, neighbours=settings.neighbours)


def _some(number: int, at_most: int | None, seed: int) -> np.ndarray:
    """Positions of images in random order, int [n]; a smaller limit gives the beginning of what a larger one gives."""
    return random_order(number, seed, "evaluation")[:at_most]
