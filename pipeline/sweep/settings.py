"""The settings of a study are the keys below `sweep` in the config."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from optuna.pruners import BasePruner
from pydantic import AfterValidator, BeforeValidator, Field

from pipeline.config.names import shown
from pipeline.config.values import Count, Location, Natural, Positive, Seed, Text
from pipeline.errors import InputError
from pipeline.evaluation.scores import score_of
from pipeline.metric_names import current

Direction = Literal["minimize", "maximize"]


def known_direction(metric: str) -> Direction:
    """Give the direction that a metric is known for: more of an ELBO is better, less of most others."""
    score = score_of(metric)
    return "maximize" if score and score.higher_is_better else "minimize"


def sign_of(metric: str, directions: Mapping[str, str]) -> int:
    """Give 1 where less of a metric is better, and -1 where more is.

    Args:
        metric: the name of the metric.
        directions: the direction of each metric that does not have the one that it is known for.
    """
    return 1 if directions.get(metric, known_direction(metric)) == "minimize" else -1


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Metric = Annotated[Text, AfterValidator(current)]
"""The name of a metric; a name of before stands for that of today."""
Objectives = Annotated[list[Metric], BeforeValidator(_listed), Field(min_length=1, examples=[["validation/nll"]])]


Name = Annotated[Text, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", examples=["mine"])]
"""The name of a study also names its file, its folder and its registered model."""


@dataclass(frozen=True, kw_only=True)
class StudySettings:
    """A study's settings say how it searches, for which objectives, and when it ends.

    Attributes:
        study: the study's name. A command with the same name and space goes on with it.
        space: the search space in Hydra's grammar.
        n_trials: the number of trials in all, those of earlier commands included.
        slots: the number of trials that each worker trains at once.
        workers: the number of processes that the launcher starts.
        replicates: the number of trainings of each trial, with successive seeds; their mean is the trial's value.
        objective: the names of one or several logged metrics.
        direction: minimize or maximize for each objective; null for what the metric is known for.
        prune_by: a metric of every epoch, which the pruner sees, and which ranks the trials of several objectives.
        pruner: Optuna's pruner, which ends trials early.
        enqueue: points, or parts of points, to try first.
        storage: the address of Optuna's storage; null for a file in `mlruns/studies/`.
        trial_timeout: minutes after which a training, and its trial, has failed; null for no limit.
        max_failures: the number of failed trials beyond which the study gives up; null for any number.
        seed: the seed of the sampler.
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
        """The direction of each objective."""
        return self.direction or [known_direction(name) for name in self.objective]

    def __post_init__(self) -> None:
        if self.direction and len(self.direction) != len(self.objective):
            raise InputError(
                f"sweep.direction={shown(self.direction)}: expected one direction for each of "
                f"{', '.join(self.objective)}, or null"
            )

    def sign(self, metric: str) -> int:
        """Give 1 where less of a metric is better, and -1 where more is."""
        return sign_of(metric, dict(zip(self.objective, self.directions, strict=True)))

    def shown(self, values: Sequence[float]) -> str:
        """Write the value of each objective for a person to read."""
        return ", ".join(f"{name} {value:.5g}" for name, value in zip(self.objective, values, strict=True))
