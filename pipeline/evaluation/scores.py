"""The scores of a model: what each is called, which way is better, and what it needs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Score:
    """A score that any model may have, and how it is read.

    Attributes:
        label: its name and unit, for a person to read.
        higher_is_better: whether more of it is better; otherwise less is.
        ranks: whether the better of two models is told by it alone. A lower rate does not: distortion may have risen.
        compared: whether tables of runs have a column of it.
        each_epoch: whether it is recorded after each epoch too.
        needs: the setting of `evaluation` that must not be null for it; None if there is no such setting.
        of_bound: whether it means something only of a model whose ELBO is a bound on the likelihood.
        of_posterior: whether only a model that draws latents has it.
        of_factors: whether only a data set with known factors has it.
        of_likelihood: whether it contains −log p(image | latent), so that it differs between likelihoods as
            probabilities differ from densities, and between models that are told the class of an image and others.
        of_features: whether it is measured in features of a network, so that two are comparable only where that network
            is the same.
        of_all_classes: whether only a model that is not told the class of an image has it.
    """

    label: str
    higher_is_better: bool = False
    ranks: bool = False
    compared: bool = False
    each_epoch: bool = False
    needs: str | None = None
    of_bound: bool = False
    of_posterior: bool = False
    of_factors: bool = False
    of_likelihood: bool = False
    of_features: bool = False
    of_all_classes: bool = False

    @property
    def of_condition(self) -> bool:
        """Whether it means something else of a model that is told the class of an image."""
        return self.of_likelihood or self.of_all_classes

    def labelled(self, given_class: bool) -> str:
        """The label of the score, which says of a likelihood whether it is p(image) or p(image | class)."""
        if not given_class or not self.of_likelihood:
            return self.label
        return self.label.replace("(image)", "(image | class)").replace("per image", "per image given its class")

    @property
    def best(self) -> Callable[[Sequence[float]], float]:
        """The function that gives the best of several values."""
        return max if self.higher_is_better else min


def _of_factors(label: str, *, ranks: bool = True, compared: bool = False) -> Score:
    """A score of disentanglement: more of each is better."""
    return Score(
        label=label, higher_is_better=True, ranks=ranks, compared=compared, needs="factor_samples", of_factors=True
    )


CATALOGUE = {
    "elbo": Score(
        label="ELBO, nats per image",
        higher_is_better=True,
        ranks=True,
        compared=True,
        each_epoch=True,
        of_bound=True,
        of_likelihood=True,
    ),
    "nll": Score(
        label="−log p(image), upper bound, nats",
        ranks=True,
        compared=True,
        needs="importance_samples",
        of_posterior=True,
        of_likelihood=True,
    ),
    "rate": Score(label="rate, nats per image", compared=True, each_epoch=True, of_bound=True),
    "distortion": Score(label="distortion, nats per image", compared=True, each_epoch=True, of_likelihood=True),
    "loss": Score(label="loss, nats per image", each_epoch=True, of_likelihood=True),
    "nll_standard_error": Score(
        label="standard error of this bound", needs="importance_samples", of_posterior=True, of_likelihood=True
    ),
    "bits_per_dimension": Score(
        label="the bound in bits per dimension", needs="importance_samples", of_posterior=True, of_likelihood=True
    ),
    "mse": Score(label="squared error of a pixel", ranks=True, compared=True),
    "active_units": Score(label="active latent dimensions", higher_is_better=True, compared=True),
    "collapsed": Score(label="collapsed share of the latent dimensions"),
    "mutual_information": Score(
        label="mutual information of image and latent, nats", higher_is_better=True, of_posterior=True
    ),
    "marginal_kl": Score(label="KL(aggregated posterior ‖ prior), nats", of_posterior=True),
    "knn_accuracy": Score(
        label="accuracy of nearest neighbours in latent space",
        higher_is_better=True,
        ranks=True,
        compared=True,
        needs="neighbours",
        of_all_classes=True,
    ),
    "linear_probe_accuracy": Score(
        label="accuracy of a linear classifier of latents",
        higher_is_better=True,
        ranks=True,
        needs="linear_probe",
        of_all_classes=True,
    ),
    "nll_ais": Score(
        label="−log p(image), upper bound by annealing, nats",
        ranks=True,
        compared=True,
        needs="annealing_steps",
        of_posterior=True,
        of_likelihood=True,
    ),
    "nll_ais_standard_error": Score(
        label="standard error of the bound by annealing",
        needs="annealing_steps",
        of_posterior=True,
        of_likelihood=True,
    ),
    "bdmc_gap": Score(
        label="width of the bracket of images that the model draws, nats",
        needs="annealing_steps",
        of_posterior=True,
        of_likelihood=True,
    ),
    "kid": Score(
        label="kernel distance of samples (KID in features of this data set)",
        ranks=True,
        compared=True,
        needs="samples",
        of_features=True,
    ),
    "kid_standard_error": Score(label="standard error of this distance", needs="samples", of_features=True),
    "sample_precision": Score(label="precision of samples", higher_is_better=True, needs="samples", of_features=True),
    "sample_recall": Score(label="recall of samples", higher_is_better=True, needs="samples", of_features=True),
    "sample_density": Score(label="density of samples", higher_is_better=True, needs="samples", of_features=True),
    "sample_coverage": Score(
        label="coverage by samples",
        higher_is_better=True,
        ranks=True,
        compared=True,
        needs="samples",
        of_features=True,
    ),
    "mig": _of_factors("MIG", compared=True),
    "sap": _of_factors("SAP"),
    "dci_disentanglement": _of_factors("DCI disentanglement", compared=True),
    "dci_completeness": _of_factors("DCI completeness"),
    "dci_informativeness": _of_factors("DCI informativeness"),
    "factor_vae": _of_factors("FactorVAE score"),
    # Latents that tell nothing of any factor may be modular and compact by chance.
    "infomec_modularity": _of_factors("InfoMEC modularity", ranks=False, compared=True),
    "infomec_explicitness": _of_factors("InfoMEC explicitness"),
    "infomec_compactness": _of_factors("InfoMEC compactness", ranks=False),
}
"""Every score by the last part of its metric's name, such as `test/elbo`."""
COMPARED = tuple(name for name, score in CATALOGUE.items() if score.compared)
"""Scores that tables of runs have a column of, the most telling first."""


def score_of(metric: str) -> Score | None:
    """The score that a metric such as `test/elbo` holds; None where the metric is no score."""
    return CATALOGUE.get(metric.rpartition("/")[2])


def ranking(metric: str) -> Callable[[Sequence[float]], float] | None:
    """The function that gives the best of several values of a metric; None where the metric alone ranks no models."""
    score = score_of(metric)
    return score.best if score and score.ranks else None
