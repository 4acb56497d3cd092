"""The replicates of a trial are trainings that differ in their seed; their mean is the trial's value."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.errors import InputError
from pipeline.metric_names import of_kept_model
from pipeline.sweep.settings import StudySettings


@dataclass(frozen=True)
class Aggregate:
    """An aggregate has the metrics of a trial over its replicates.

    Attributes:
        means: the mean of each objective.
        standard_deviations: the sample standard deviation of each objective; 0 for a single training.
        prune_by: the mean of the metric `sweep.prune_by`, which ranks the trials of several objectives.
    """

    means: list[float]
    standard_deviations: list[float]
    prune_by: float

    def named_means(self, settings: StudySettings) -> dict[str, float]:
        """Give the means by the names of the objectives."""
        return dict(zip(settings.objective, self.means, strict=True))

    def named_deviations(self, settings: StudySettings) -> dict[str, float]:
        """Give the standard deviations by the names under which a study keeps them."""
        return dict(zip([f"{name}_std" for name in settings.objective], self.standard_deviations, strict=True))


def next_replicate(settings: StudySettings, trained: Sequence[Mapping[str, float]]) -> int | None:
    """Give the number, from 0, of the replicate after those that are trained; None where trials have one training."""
    return len(trained) if settings.replicates > 1 else None


def aggregate(settings: StudySettings, replicates: Sequence[Mapping[str, float]]) -> Aggregate:
    """Aggregate the metrics of a trial's replicates.

    Args:
        settings: the settings of the study, which name the metrics.
        replicates: the metrics of each training.

    Raises:
        InputError: a replicate has no finite value of an objective; the message names the objective.
    """
    values = np.array([[metrics.get(name, math.nan) for name in settings.objective] for metrics in replicates])
    wrong = [name for name, column in zip(settings.objective, values.T, strict=True) if not np.isfinite(column).all()]
    if wrong:
        raise InputError(f"{', '.join(wrong)} is missing, or no finite number")
    deviations = values.std(axis=0, ddof=min(1, len(values) - 1))
    kept = of_kept_model(settings.prune_by)  # not always the model of the last epoch
    prune_by = [metrics.get(kept, metrics.get(settings.prune_by, math.nan)) for metrics in replicates]
    return Aggregate(values.mean(axis=0).tolist(), deviations.tolist(), float(np.mean(prune_by)))
