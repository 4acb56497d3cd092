"""The difference of two contenders in a score, over images that both have seen and over the seeds of each.

The score of an image by a model is taken as the sum of what contender, image, seed, and seed with image together
contribute, images and seeds being drawn at random: the crossed random effects of Cornfield and Tukey (1956, "Average
values of mean squares in factorials", Annals of Mathematical Statistics 27). So the variance of the difference is that
of the images' paired differences, without what the seeds have to do with it, and for each contender that of the means
of its seeds. With one seed each, it is that of the paired t-test. For a single seed beside several, the pooled variance
between seeds is added to a variance of images that has seed and image together already, so that this small part counts
twice: such an error is a little too large.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import studentized_range

from pipeline.evaluation.likelihood_bound import mean_with_control

MANY = 2000
"""Degrees of freedom from which on errors are taken as known: it is quick, and p is off by 1 or 2 % of itself."""
FEWEST = 3
"""Images that an error can be estimated from, with a control that takes one degree of freedom."""


@dataclass(frozen=True)
class Variance:
    """An estimate of a variance, with its degrees of freedom."""

    value: float
    degrees: float


@dataclass(frozen=True, eq=False)
class Sample:
    """A score of N images by the S models of a contender.

    Attributes:
        values: [S, N]; not a number for images whose score was not computed.
        control: [S, N], known of every image, and correlated with the values: what stands in for those that are not
            known (`mean_with_control`); else the values.
    """

    values: np.ndarray
    control: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Whether all models have the score of an image, bool [N]."""
        return np.isfinite(self.values).all(axis=0)

    def seed_variance(self, chosen: np.ndarray) -> Variance | None:
        """The variance of the models' means over images, from those at positions int [n]; None of a single model."""
        if len(self.values) == 1:
            return None
        means = [_mean(*each, chosen)[0] for each in zip(self.values, self.control, strict=True)]
        return Variance(float(np.var(means, ddof=1)), len(means) - 1)

    def joint_variance(self, chosen: np.ndarray) -> float:
        """What seed and image together contribute to the variance of the contender's mean, given positions int [n].

        It is in the variance of the paired differences and once more in that of the seeds' means; 0 for a single model.
        """
        seeds = len(self.values)
        if seeds == 1:
            return 0.0
        rest = zip(self.values - self.values.mean(axis=0), self.control - self.control.mean(axis=0), strict=True)
        return sum(_mean(*each, chosen)[1] ** 2 for each in rest) / (seeds * (seeds - 1))


@dataclass(frozen=True)
class Difference:
    """The mean difference of two contenders.

    Attributes:
        mean: in the unit of the score.
        standard_error: of that mean, over images and, as far as there are several, over seeds.
        degrees_of_freedom: of that error, by Welch and Satterthwaite.
        images: that both have a score of.
    """

    mean: float
    standard_error: float
    degrees_of_freedom: float
    images: int

    def p_value(self, contenders: int) -> float:
        """How probable so large a difference is among so many contenders that are equally good.

        The best of k contenders is chosen by the same scores that it is compared by, so that its lead over the last is
        a range of k values: its distribution is the studentized range, with each pair's own error and degrees of
        freedom (Games and Howell 1976, "Pairwise multiple comparison procedures with unequal n's and/or variances",
        Journal of Educational Statistics 1). For two contenders it is the t-test.
        """
        if not self.standard_error:
            return float(not self.mean)
        lead = math.sqrt(2) * abs(self.mean) / self.standard_error
        degrees = self.degrees_of_freedom if self.degrees_of_freedom < MANY else math.inf
        with warnings.catch_warnings(action="ignore"):  # of digits that the integral may lack where p is almost 0
            return float(np.clip(studentized_range.sf(lead, contenders, degrees), 0, 1))


def difference(one: Sample, other: Sample, pooled: Variance | None = None) -> Difference | None:
    """The mean of one minus the other, paired by image; None where they have too few images in common.

    Args:
        one, other: of the same N images.
        pooled: the variance between seeds, for a contender with a single one; None leaves it out.
    """
    chosen = np.flatnonzero(one.known & other.known)
    if len(chosen) < FEWEST:
        return None
    values, control = (a.mean(axis=0) - b.mean(axis=0) for a, b in zip(_both(one), _both(other), strict=True))
    mean, error = _mean(values, control, chosen)
    joint = one.joint_variance(chosen) + other.joint_variance(chosen)
    parts = [Variance(max(0.0, error**2 - joint), len(chosen) - 1)]
    for each in (one, other):
        if between := each.seed_variance(chosen) or pooled:
            parts.append(Variance(between.value / len(each.values), between.degrees))
    total = sum(part.value for part in parts)
    degrees = total**2 / sum(part.value**2 / part.degrees for part in parts) if total else math.inf
    return Difference(mean, math.sqrt(total), degrees, len(chosen))


def pooled_variance(samples: Sequence[Sample]) -> Variance | None:
    """The variance between seeds that contenders have in common; None where each has a single seed."""
    found = [each.seed_variance(np.flatnonzero(each.known)) for each in samples if each.known.sum() >= FEWEST]
    known = [each for each in found if each]
    degrees = sum(each.degrees for each in known)
    return Variance(sum(each.value * each.degrees for each in known) / degrees, degrees) if known else None


def _both(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    return sample.values, sample.control


def _mean(values: np.ndarray, control: np.ndarray, chosen: np.ndarray) -> tuple[float, float]:
    return mean_with_control(values[chosen], control, chosen)
