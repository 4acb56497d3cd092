"""Runs that ended well, as plain facts for tables."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mlflow.entities import Run as MlflowRun

from pipeline.evaluation.scores import COMPARED, score_of
from pipeline.metric_names import names_of, under_current_names
from pipeline.tracking.colour import COLOUR, COLOURS
from pipeline.tracking.store import Store
from pipeline.tracking.tags import FINGERPRINT, NO_BOUND, PARENT, PRUNED, REUSED, TRAINING_KEY

FOLLOWING = ("training.runtime.threads", "training.seed", "model.parameters")
"""Settings that follow from others, or say little."""

CONDITIONAL = "model.conditional"
"""The setting of an architecture by which encoder and decoder are told the class of an image."""


@dataclass(frozen=True)
class FinishedRun:
    """The facts of a finished run that tables show.

    Attributes:
        id, name: of the run.
        params, tags: as recorded.
        metrics: the last value of each, by its name in the record and by its name of today; no ELBO and no rate where
            the former bounds no likelihood.
        minutes: from its start to its end.
    """

    id: str
    name: str
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    minutes: float

    def scores(self, split: str) -> dict[str, float]:
        """The scores of a split that tables compare, by their last names, as far as the run has them."""
        return {name: self.metrics[f"{split}/{name}"] for name in COMPARED if f"{split}/{name}" in self.metrics}

    @property
    def colour(self) -> str:
        """The colour of the run in the UI's charts."""
        return self.tags.get(COLOUR, COLOURS[0])

    @property
    def was_trained(self) -> bool:
        """Whether the run is a training, rather than a study or a family, which only hold some."""
        return FINGERPRINT in self.tags

    @property
    def is_conditional(self) -> bool:
        """Whether its model is told the class of each image; no run of an earlier version is."""
        return self.params.get(CONDITIONAL) == "true"

    @property
    def has_bound(self) -> bool:
        """Whether its ELBO is a bound on the likelihood, which that of an autoencoder without noise is not."""
        return has_bound(self.params, self.tags)

    def setting(self, key: str) -> str:
        """The value of a setting, or of a tag that says by what scores were made; empty where it has neither."""
        return self.params.get(key, self.tags.get(key, ""))

    @property
    def is_child(self) -> bool:
        """Whether the run is a child of another one."""
        return PARENT in self.tags


def has_bound(params: Mapping[str, str], tags: Mapping[str, str]) -> bool:
    """Tell from the record of a run whether its ELBO is a bound; earlier versions recorded no tag, but the setting."""
    without_noise = params.get("objective.sampling") == "false" and params.get("model.levels", "null") == "null"
    return NO_BOUND not in tags and not without_noise


def curve(store: Store, run_id: str, metric: str) -> list[tuple[int, float]]:
    """Steps and values of a metric, recorded under its name of today or of before; empty if the run has none."""
    with store.transaction():
        points = [point for name in names_of(metric) for point in store.client.get_metric_history(run_id, name)]
    return sorted((point.step, point.value) for point in points)


def images_trained_on(store: Store, run_id: str) -> int | None:
    """The number of training images of a run; None where its record does not say."""
    inputs = store.run(run_id).inputs
    for each in inputs.dataset_inputs if inputs else ():
        if any(tag.value == "train" for tag in each.tags):
            return int(json.loads(each.dataset.profile)["features_shape"][0])
    return None


def trained_before(store: Store, key: str) -> str | None:
    """The id of the finished run that has this training key; None if there is none."""
    found = store.search(store.experiments, f"status = 'FINISHED' AND tags.{TRAINING_KEY} = '{key}'")
    return next((run.info.run_id for run in found if not {PRUNED, REUSED} & set(run.data.tags)), None)


def finished_runs(store: Store, experiment: str) -> list[FinishedRun]:
    """The finished runs of an experiment, latest first; none if there is no such experiment."""
    known = store.client.get_experiment_by_name(experiment)
    return finished_among(store.search([known.experiment_id])) if known else []


def finished_children(store: Store, run_id: str) -> list[FinishedRun]:
    """The finished children of a run, in the order in which they began."""
    return finished_among(store.children(run_id))


def finished_among(runs: Iterable[MlflowRun]) -> list[FinishedRun]:
    """Return the runs that ended well and were not pruned, in the same order."""
    return [_facts(run) for run in runs if run.info.status == "FINISHED" and PRUNED not in run.data.tags]


def differing(runs: Sequence[FinishedRun]) -> list[str]:
    """The settings that are not the same in all runs, first those that all have.

    Seeds and sizes are among them only where nothing else differs; what runs of one class alone have, such as filters,
    only where runs of that class differ in it.
    """
    keys = dict.fromkeys(key for run in runs for key in run.params)
    # What a study chose, such as training/schedule=one_cycle, says more than the class that comes of it.
    chosen = {key.replace("/", ".") for key in keys if "/" in key and is_everywhere(key, runs)}
    found = [key for key in keys if _differs(key, runs) and key not in chosen]
    found.sort(key=lambda key: not is_everywhere(key, runs))
    return [key for key in found if key not in FOLLOWING] or found


def is_everywhere(key: str, runs: Sequence[FinishedRun]) -> bool:
    """Whether all runs have a setting."""
    return all(key in run.params for run in runs)


def beginning(run_id: str) -> str:
    """Shorten a run's id to eight characters, or more where Hydra would read a number such as 12e45678."""
    number = re.match(r"\d+e\d+", run_id)
    return run_id[: max(8, number.end() + 1 if number else 0)]


def _differs(key: str, runs: Sequence[FinishedRun]) -> bool:
    if len({run.params[key] for run in runs if key in run.params}) > 1:
        return True
    # Else some have it and some do not: because of their class, or, where no class is recorded, of an older version.
    of = key.rpartition(".")[0]
    has = {(run.params[of], key in run.params) for run in runs if of in run.params}
    return len({kind for kind, _ in has}) < len(has)


def _facts(run: MlflowRun) -> FinishedRun:
    minutes = (run.info.end_time - run.info.start_time) / 60_000
    data = run.data
    metrics = data.metrics | under_current_names(data.metrics)
    if not has_bound(data.params, data.tags):
        metrics = {name: value for name, value in metrics.items() if not ((score := score_of(name)) and score.of_bound)}
    # No model of an earlier version, which had no such setting, is conditional.
    more = {CONDITIONAL: "false"} if "model" in data.params and CONDITIONAL not in data.params else {}
    return FinishedRun(run.info.run_id, str(run.info.run_name), data.params | more, metrics, data.tags, minutes)
