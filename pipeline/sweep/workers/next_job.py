"""The next job of a trial trains the first of its replicates that is not trained yet, or goes on with it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from optuna.trial import TrialState

from pipeline.metric_names import under_current_names
from pipeline.sweep.replicates import next_replicate
from pipeline.sweep.study.claimed_trial import ClaimedTrial
from pipeline.sweep.workers.messages import Job
from pipeline.sweep.workers.training_overrides import training_overrides
from pipeline.tracking.trials import Trials, was_pruned

if TYPE_CHECKING:
    from pipeline.sweep.workers.worker import Worker


def next_job(
    worker: "Worker", trials: Trials, claimed: ClaimedTrial, trained: list[Mapping[str, float]]
) -> Job | TrialState:
    """Give the job that trains the next replicate of a trial.

    Args:
        worker: the worker that trains it.
        trials: the runs of the study's trials.
        claimed: the trial.
        trained: the metrics of each replicate that is known to be trained. Those that an earlier worker has trained
            are added.

    Returns:
        The job; or, where none is left, the state in which the trial is to end: COMPLETE, or PRUNED if a worker died
        after a replicate was pruned and before it ended the trial.

    Raises:
        StillTraining: a process that has lost its worker still trains the replicate.
        StoreUnreachable: the tracking server does not answer.
    """
    settings = worker.plan.settings
    while len(trained) < settings.replicates:
        replicate = next_replicate(settings, trained)
        run = trials.run_of(claimed.number, replicate, may_be_elsewhere=not claimed.is_new)
        if not run or run.info.status != "FINISHED":
            parent_id = worker.parent_id if replicate is None else trials.opened(claimed.number, claimed.name)
            tags = trials.tags(claimed.number, replicate)
            overrides = training_overrides(worker, claimed, replicate, tags, parent_id)
            return worker.job(claimed.number, overrides, run.info.run_id if run else None)
        if was_pruned(run):
            return TrialState.PRUNED
        trained.append(under_current_names(run.data.metrics))
    return TrialState.COMPLETE
