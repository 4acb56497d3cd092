"""A prepared page for the runs of an experiment, or for those below a run: what differs, scores, curves, pictures."""

from collections.abc import Sequence
from functools import partial

from mlflow.entities import Run as MlflowRun

from pipeline.evaluation.scores import COMPARED, score_of
from pipeline.metric_names import ELBO, LOSS, names_of
from pipeline.tracking.comparability import deciding_score, evaluated_split
from pipeline.tracking.run_facts import FinishedRun, differing, finished_among, is_everywhere
from pipeline.tracking.store import Store
from pipeline.tracking.tags import NOTE
from pipeline.tracking.ui.prepared_page import PreparedPage, prepare, prepare_below

CARDS = ("reconstructions", "latent", "samples")
LATEST = 500
"""Runs of an experiment that are looked at to see in what they differ."""
KEY = "overview"
"""The name of an experiment's page."""
MARK = "**[Compare these runs]("
"""What the descriptions begin with that are written here."""


def family_page(store: Store, run_id: str) -> str | None:
    """The page for the children of a run: its address within the UI, or None while that has no such run."""
    return prepare_below(store, run_id, partial(_page, finished_among(store.children(run_id))))


def overviews(store: Store) -> dict[str, str]:
    """A page for each experiment that has finished trainings, linked in its description: addresses by experiment id.

    A description that somebody has written stays as it is.
    """
    pages = {}
    for experiment in store.client.search_experiments():
        runs = _trainings(store.client.search_runs([experiment.experiment_id], max_results=LATEST))
        if not runs:
            continue
        link = prepare(store, experiment.experiment_id, KEY, _page(runs, ""))
        pages[str(experiment.experiment_id)] = link
        written = experiment.tags.get(NOTE, "")
        if not written or written.startswith(MARK):
            note = f"{MARK}{link})**: what differs, their scores, curves and pictures."
            store.client.set_experiment_tag(experiment.experiment_id, NOTE, note)
    return pages


def _trainings(runs: Sequence[MlflowRun]) -> list[FinishedRun]:
    return [run for run in finished_among(runs) if run.was_trained]


def recorded_curves(runs: Sequence[FinishedRun], metrics: Sequence[str]) -> list[str]:
    """The metrics as the runs recorded them; those of before had another name, and so get a chart of their own."""
    names = dict.fromkeys(name for metric in metrics for name in names_of(metric))
    return [name for name in names if any(name in run.metrics for run in runs)]


def _page(runs: Sequence[FinishedRun], where: str) -> PreparedPage:
    split = evaluated_split(runs)
    scores = [f"{split}/{score}" for score in COMPARED if any(f"{split}/{score}" in run.metrics for run in runs)]
    ordered = sorted(scores, key=lambda name: name != deciding_score(runs, split))
    less_is_better = {name: not (score := score_of(name)) or not score.higher_is_better for name in ordered}
    keys = differing(runs)
    return PreparedPage(
        where=where,
        keys=keys,
        axes=[key for key in keys if is_everywhere(key, runs)],
        scores=less_is_better,
        curves=recorded_curves(runs, (ELBO, LOSS)),
        cards=[f"{split}/{card}" for card in CARDS],
        runs=len(runs),
    )
