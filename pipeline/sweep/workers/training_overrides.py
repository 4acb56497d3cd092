"""The overrides of a training are what a trial, or one of its replicates, adds to the command line of its study."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipeline.config.names import quoted
from pipeline.process.cores import cores
from pipeline.sweep.space.space import overrides_of
from pipeline.sweep.study.claimed_trial import ClaimedTrial

if TYPE_CHECKING:
    from pipeline.sweep.workers.worker import Worker


def training_overrides(
    worker: "Worker", claimed: ClaimedTrial, replicate: int | None, tags: Mapping[str, str], parent_id: str
) -> list[str]:
    """Give the overrides of the command line that train a trial alone.

    Args:
        worker: the worker that trains it.
        claimed: the trial.
        replicate: the number of the replicate, from 0; None where trials have one training each.
        tags: the tags by which the run of the training is found.
        parent_id: the id of the run that the run of the training is a child of.
    """
    config = worker.hydra_config
    seed = config.training.seed + (replicate or 0)
    name = claimed.name if replicate is None else f"{claimed.name} seed={seed}"
    return [
        *_threads(worker.plan.settings.slots),
        *worker.plan.overrides,
        *overrides_of(claimed.point),
        *([f"training.seed={seed}"] if replicate else []),
        f"tracking.experiment={quoted(config.tracking.experiment)}",  # the study's, also of other data
        f"tracking.parent={parent_id}",
        f"tracking.name={quoted(name)}",
        *(f"++tracking.tags.{key}={quoted(tag)}" for key, tag in tags.items()),
        *(f"++tracking.params={{{key}: {value}}}" for key, value in claimed.point.items() if "/" in key),
    ]


def _threads(slots: int) -> list[str]:
    """Share the cores among trials that are trained at once, unless the command line sets the number of threads."""
    return [f"training.runtime.threads={max(1, cores() // slots)}"] if slots > 1 else []
