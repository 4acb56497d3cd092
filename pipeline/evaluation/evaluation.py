"""An evaluation of a trained model: its scores on one split."""

import math
from dataclasses import dataclass, field

from pipeline.evaluation.image_scores import ImageScores
from pipeline.evaluation.scores import CATALOGUE
from pipeline.text.wording import counted

SHOWN_FIRST = ("elbo", "rate", "distortion", "nll", "mse")
"""Scores that the end of a training is told by, before the further ones."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The scores of a model: means over the images of a split; None where a score has no meaning.

    A model that draws no latents (`objective.sampling=false`) has no posterior, so that the scores of its likelihood
    and of its information are None; its rate is that of the Gaussian that its encoder gives, or with `model.levels`
    that of codes which are all equally probable.

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
        linear_probe_accuracy: share of images whose class a linear classifier of latents tells; None likewise.
        has_bound: whether the ELBO is a bound on log p(x), as that of latents without noise is not.
        given_class: whether the model is conditional, so that its likelihood is p(image | class).
        nll_ais: upper bound on −log p(x) by annealed importance sampling, nats (Wu et al. 2017).
        nll_ais_standard_error: standard error of that mean over images, nats.
        bdmc_gap: mean width of the bracket of −log p(x) of images that the model draws, nats (Grosse et al. 2015).
        kid, kid_standard_error: MMD² of samples and images of the split in features of the data set (Bińkowski et al.
            2018).
        sample_precision, sample_recall: of samples, in the same features (Kynkäänniemi et al. 2019).
        sample_density, sample_coverage: of samples, in the same features (Naeem et al. 2020).
        samples: images that the model generated for these four, at most as many as the split has; None where none.
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
    samples: int | None = None
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
    has_bound: bool = True
    given_class: bool = False
    warning: str | None = None
    images: ImageScores | None = field(default=None, compare=False, repr=False)

    def metrics(self, prefix: str | None = None) -> dict[str, float]:
        """The scores by name, such as `test/elbo`, without those that are None, infinite or not a number."""
        return {f"{prefix or self.split}/{name}": value for name, value in self._numbers().items()}

    def labelled(self) -> dict[str, float]:
        """The scores by their labels, such as `ELBO, nats per image`, for a person to read."""
        return {self.label(name): value for name, value in self._numbers().items()}

    def further(self) -> dict[str, float]:
        """The scores that tables of runs have a column of, by their labels, without likelihood and squared error."""
        numbers = {name: value for name, value in self._numbers().items() if CATALOGUE[name].compared}
        return {self.label(name): value for name, value in numbers.items() if name not in SHOWN_FIRST}

    def label(self, name: str) -> str:
        """The label of a score, which says of a likelihood what it is given, and of samples how many there are."""
        score = CATALOGUE[name]
        samples = f", {counted(self.samples, 'sample')}" if score.of_features and self.samples else ""
        return f"{score.labelled(self.given_class)}{samples}"

    def _numbers(self) -> dict[str, float]:
        values = {name: getattr(self, name) for name in CATALOGUE}
        return {name: float(value) for name, value in values.items() if value is not None and math.isfinite(value)}
