"""What a study is asked to do."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from optuna.pruners import BasePruner
from pydantic import Field

from pipeline.settings import Count, Natural, Positive, Seed, Text

Direction = Literal["minimize", "maximize"]
Objectives = Annotated[dict[Text, Direction], Field(min_length=1, examples=[{"validation/nll": "minimize"}])]


Name = Annotated[Text, Field(pattern=r"^[\w.-]+$", examples=["mine"])]
"""Of a study: also of its file, its folder and its model."""


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
        objective: names of logged metrics, each with what is wanted of it.
        prune_by: a metric of every epoch, by which trials that promise little are ended, and what is wanted of it.
        pruner: decides which.
        enqueue: points to try first.
        storage: address of Optuna's; null is a file in `mlruns/studies/`.
        trial_timeout: minutes after which a trial has failed; null for none.
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
    prune_by: Annotated[dict[Text, Direction], Field(min_length=1, max_length=1, examples=[{"val/elbo": "maximize"}])]
    pruner: BasePruner
    enqueue: list[dict[str, Any]]
    storage: Text | None
    trial_timeout: Positive | None
    max_failures: Natural | None
    seed: Seed

    @property
    def directions(self) -> list[Direction]:
        """What is wanted of each objective."""
        return list(self.objective.values())

    def values(self, metrics: Mapping[str, float]) -> list[float]:
        """The objectives among the metrics of a training; not a number where it has none."""
        return [metrics.get(name, math.nan) for name in self.objective]

    def shown(self, values: Sequence[float]) -> str:
        """Objectives for a person to read."""
        return ", ".join(f"{name} {value:.2f}" for name, value in zip(self.objective, values, strict=True))
