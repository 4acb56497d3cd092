"""The scores of a trained model."""

import math
from dataclasses import asdict, dataclass

import numpy as np

from pipeline.data.binarisation import as_trained
from pipeline.data.images import ImageData
from pipeline.data.stream import shuffled, stream
from pipeline.evaluation.collapse import active_units, collapse_warning
from pipeline.evaluation.information import mutual_information
from pipeline.evaluation.likelihood_bound import importance_weighted_nll, mean_with_control
from pipeline.evaluation.neighbours import knn_accuracy
from pipeline.evaluation.scores import CATALOGUE
from pipeline.evaluation.scoring import Scoring
from pipeline.latent.encoding import Encoded, distortions, encode, squared_errors
from pipeline.models.vae import VAE


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Means over the images of a split; None where a score has no meaning.

    A model that draws no latents (`objective.sampling=false`) has no posterior to speak of, so that its likelihood and
    its information are left out; its rate is that of the Gaussian that its encoder gives.

    Attributes:
        split: that was scored.
        loss: the model's own objective with its final weights, nats.
        rate, distortion: the parts of the ELBO with one latent drawn for each image, nats.
        elbo: −(rate + distortion), nats; comparable between models of different weights.
        nll: importance-weighted upper bound on −log p(x), nats (Burda et al. 2016, eq. 8).
        nll_standard_error: of that mean over images, nats; infinite with less than three images.
        bits_per_dimension: the bound in bits for each value of a pixel, of 8-bit pixels where the likelihood is a
            density; None for a Bernoulli likelihood of grey pixels, which is no probability of theirs.
        mse: squared error of a pixel in [0, 1], of reconstructions from the posterior mean.
        active_units: latent dimensions whose posterior mean varies (Burda et al. 2016, section 5.2).
        collapsed: share of the latent dimensions that are not active.
        mutual_information: of image and latent, nats; at most the log of the number of images it is estimated from, so
            too low where it comes near that (Hoffman and Johnson 2016).
        marginal_kl: KL(aggregated posterior ‖ prior), nats, the rest of the rate; too high where the former is too low.
        knn_accuracy: share of images whose class most of their nearest training images in latent space have; None
            where there is one class.
        warning: what to tell the user of latent dimensions that collapsed; None where none did.
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
    warning: str | None = None

    def metrics(self, prefix: str | None = None) -> dict[str, float]:
        """The scores by name, such as `test/elbo`, without those that are absent or beyond all numbers."""
        return {f"{prefix or self.split}/{name}": value for name, value in self._numbers().items()}

    def labelled(self) -> dict[str, float]:
        """The same scores by what they are, for a person to read."""
        numbers = self._numbers()
        return {score.label: numbers[name] for name, score in CATALOGUE.items() if name in numbers}

    def _numbers(self) -> dict[str, float]:
        values = asdict(self).items()
        return {name: float(value) for name, value in values if isinstance(value, int | float) and math.isfinite(value)}


def evaluate(vae: VAE, data: ImageData, scoring: Scoring) -> Evaluation:
    """Score a split; equal seeds give equal numbers, and the model's own stream of noise stays where it is."""
    scored = data.validation if scoring.split == "validation" else data.test
    encoded = encode(vae, scored.images)
    noise = stream(scoring.seed, "latents").standard_normal(encoded.mean.shape)
    latents = encoded.latents(noise) if vae.objective.sampling else encoded.mean
    rates, distortion = encoded.rates, distortions(vae, encoded, latents)
    rate, active = float(rates.sum(axis=1).mean()), active_units(encoded.mean)
    warning = collapse_warning(active=active, units=vae.latent_dim, rate=rate, objective=vae.objective)
    of_posterior = {}
    if vae.objective.sampling:
        of_posterior = _likelihood(vae, encoded, rates.sum(axis=1) + distortion, scoring)
        of_posterior |= _information(encoded, noise, rate, scoring)
    return Evaluation(
        split=scoring.split,
        loss=float(vae.objective.loss(rates, distortion, vae.objective.beta)),
        rate=rate,
        distortion=float(distortion.mean()),
        elbo=-(rate + float(distortion.mean())),
        mse=float(squared_errors(vae, encoded).mean()),
        active_units=active,
        collapsed=1 - active / vae.latent_dim,
        knn_accuracy=_knn_accuracy(vae, data, encoded.mean, scored.labels, scoring),
        warning=warning if len(scored) > 1 else None,  # the mean of one image cannot vary
        **of_posterior,
    )


def _likelihood(vae: VAE, encoded: Encoded, negative_elbos: np.ndarray, scoring: Scoring) -> dict[str, float | None]:
    """What there is to say of −log p(x), given −ELBO of each image [N]."""
    if scoring.importance_samples is None:
        return {}
    chosen = _some(len(encoded), scoring.nll_images, scoring.seed)
    bounds = importance_weighted_nll(vae, encoded.take(chosen), scoring.importance_samples, scoring.seed)
    if not (np.isfinite(bounds).all() and np.isfinite(negative_elbos).all()):
        return {}
    nll, standard_error = mean_with_control(bounds, negative_elbos, chosen)
    bits = vae.likelihood.bits_per_dimension(nll, encoded.images)
    return {"nll": nll, "nll_standard_error": standard_error, "bits_per_dimension": bits}


def _information(encoded: Encoded, noise: np.ndarray, rate: float, scoring: Scoring) -> dict[str, float | None]:
    """The two parts of the rate."""
    chosen = _some(len(encoded), scoring.information_images, scoring.seed)
    information = mutual_information(encoded.take(chosen), noise[chosen])
    if not math.isfinite(rate - information):
        return {}
    information = min(max(information, 0.0), rate)  # neither part is negative, but for the error of the estimate
    return {"mutual_information": information, "marginal_kl": rate - information}


def _knn_accuracy(vae: VAE, data: ImageData, means: np.ndarray, labels: np.ndarray, scoring: Scoring) -> float | None:
    """Posterior means of a split judged by those of training images."""
    if scoring.neighbours is None:
        return None
    near = as_trained(data, _some(len(data.train), scoring.neighbour_images, scoring.seed))
    return knn_accuracy(encode(vae, near.images).mean, near.labels, means, labels, neighbours=scoring.neighbours)


def _some(number: int, at_most: int | None, seed: int) -> np.ndarray:
    """Positions of images drawn at random; a smaller number gives the beginning of what a larger one gives."""
    return shuffled(number, seed, "evaluation")[:at_most]
