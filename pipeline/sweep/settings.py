"""What a study is asked to do."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from optuna.pruners import BasePruner
from pydantic import AfterValidator, BeforeValidator, Field

from pipeline.config.names import shown
from pipeline.config.values import Count, Location, Natural, Positive, Seed, Text
from pipeline.errors import InputError
from pipeline.evaluation.scores import score_of
from pipeline.metric_names import EPOCH, current

Direction = Literal["minimize", "maximize"]


def known_direction(metric: str) -> Direction:
    """What is usually expected of a metric."""
    score = score_of(metric)
    return "maximize" if score and score.higher_is_better else "minimize"


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Metric = Annotated[Text, AfterValidator(current)]
"""The name of a metric, that of before taken for that of today."""
Objectives = Annotated[list[Metric], BeforeValidator(_listed), Field(min_length=1, examples=[["validation/nll"]])]


Name = Annotated[Text, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", examples=["mine"])]
"""Of a study: also of its file, its folder and its model."""


@dataclass(frozen=True)
class Summary:
    """What the trainings of a trial came to.

    Attributes:
        means, spreads: of each objective, the spread as standard deviation; 0 for a single training.
        merit: mean of what trials are pruned by.
    """

    means: list[float]
    spreads: list[float]
    merit: float


@dataclass(frozen=True, kw_only=True)
class StudySettings:
    """The settings of a sweep that Optuna steers.

    Attributes:
        study: its name. The same name and space go on with it.
        space: what is searched, in Hydra's grammar.
        n_trials: how many trials there are in all, those of earlier commands included.
        slots: trials at once in each worker.
        workers: processes that the launcher starts.
        replicates: trainings of each trial, with successive seeds; their mean counts.
        objective: names of logged metrics.
        direction: what is expected of each; null is what the metric is known for.
        prune_by: a metric of every epoch, by which trials that promise little are ended.
        pruner: decides which.
        enqueue: points to try first.
        storage: address of Optuna's; null is a file in `mlruns/studies/`.
        trial_timeout: minutes after which a training has failed, and its trial with it; null for none.
        max_failures: after how many failed trials the study gives up; null for never.
        seed: of the sampler.
    """

    study: Name
    space: dict[str, Any]
    n_trials: Count
    slots: Count
    workers: Count
    replicates: Count
    objective: Objectives
    direction: Annotated[list[Direction] | None, BeforeValidator(_listed)]
    prune_by: Metric
    pruner: BasePruner
    enqueue: list[dict[str, Any]]
    storage: Location | None
    trial_timeout: Positive | None
    max_failures: Natural | None
    seed: Seed

    @property
    def directions(self) -> list[Direction]:
        """What is expected of each objective."""
        return self.direction or [known_direction(name) for name in self.objective]

    def __post_init__(self) -> None:
        if self.direction and len(self.direction) != len(self.objective):
            raise InputError(
                f"sweep.direction={shown(self.direction)}: expected one for each of "
                f"{', '.join(self.objective)}, or null"
            )

    def sign(self, metric: str) -> int:
        """1 where less of a metric is better, -1 where more is."""
        expected = dict(zip(self.objective, self.directions, strict=True)).get(metric, known_direction(metric))
        return 1 if expected == "minimize" else -1

    def summary(self, trainings: Sequence[Mapping[str, float]]) -> "Summary":
        """What the metrics of a trial's trainings come to.

        Raises:
            InputError: naming an objective that one of them does not have.
        """
        each = np.array([[metrics.get(name, math.nan) for name in self.objective] for metrics in trainings])
        wrong = [name for name, values in zip(self.objective, each.T, strict=True) if not np.isfinite(values).all()]
        if wrong:
            raise InputError(f"{', '.join(wrong)} is missing, or no finite number")
        spread = each.std(axis=0, ddof=min(1, len(each) - 1))
        of_model = self.prune_by.removeprefix(EPOCH)  # that is kept, which is not always of the last epoch
        merit = [metrics.get(of_model, metrics.get(self.prune_by, math.nan)) for metrics in trainings]
        return Summary(each.mean(axis=0).tolist(), spread.tolist(), float(np.mean(merit)))

    def shown(self, values: Sequence[float]) -> str:
        """Objectives for a person to read."""
        return ", ".join(f"{name} {value:.5g}" for name, value in zip(self.objective, values, strict=True))
