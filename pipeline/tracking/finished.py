"""Runs that ended well, as plain facts for tables."""

from dataclasses import dataclass

from mlflow.entities import Run as MlflowRun

from pipeline.tracking.store import PARENT, PRUNED, Store

SCORES = ("elbo", "nll", "rate", "distortion", "mse", "active_units", "knn_accuracy")
"""Numbers of the test split that tables compare."""


@dataclass(frozen=True)
class Finished:
    """What a finished run says of itself.

    Attributes:
        id, name: of the run.
        params, metrics, tags: as recorded; of each metric the last value.
        minutes: from its start to its end.
    """

    id: str
    name: str
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    minutes: float

    @property
    def scores(self) -> dict[str, float]:
        """The numbers that tables compare, without those that this run does not have."""
        return {name: self.metrics[f"test/{name}"] for name in SCORES if f"test/{name}" in self.metrics}

    @property
    def is_child(self) -> bool:
        """Whether it is one of a family."""
        return PARENT in self.tags


def finished_runs(store: Store, experiment: str) -> list[Finished]:
    """The finished runs of an experiment, latest first; none if there is no such experiment."""
    known = store.client.get_experiment_by_name(experiment)
    if known is None:
        return []
    order = ["attributes.start_time DESC"]
    runs = store.client.search_runs([known.experiment_id], "attributes.status = 'FINISHED'", order_by=order)
    return [_facts(run) for run in runs if _has_a_result(run)]


def finished_children(store: Store, run_id: str) -> list[Finished]:
    """The finished children of a run, in the order in which they began."""
    return [_facts(run) for run in store.children(run_id) if _has_a_result(run)]


def _has_a_result(run: MlflowRun) -> bool:
    return run.info.status == "FINISHED" and PRUNED not in run.data.tags


def _facts(run: MlflowRun) -> Finished:
    minutes = (run.info.end_time - run.info.start_time) / 60_000
    data = run.data
    return Finished(run.info.run_id, str(run.info.run_name), data.params, data.metrics, data.tags, minutes)
