"""The report of a study is what its run shows: a table of the best trials, plots, a contact sheet, a champion."""

import shlex
import sys
from functools import partial

from optuna.trial import FrozenTrial, TrialState

from pipeline import figures
from pipeline.config.names import shown
from pipeline.errors import InputError
from pipeline.metric_names import ELBO, LOSS
from pipeline.sweep.plots import plots
from pipeline.sweep.space.space import point_name
from pipeline.sweep.study.results import REPORT
from pipeline.sweep.study.study import Study
from pipeline.text.markdown import code, literal, table
from pipeline.tracking.cards import last_cards
from pipeline.tracking.champion import CHAMPION
from pipeline.tracking.registry import register
from pipeline.tracking.run import Run
from pipeline.tracking.run_facts import finished_children
from pipeline.tracking.tags import REUSED
from pipeline.tracking.trials import Trials
from pipeline.tracking.ui.overview import recorded_curves
from pipeline.tracking.ui.prepared_page import PreparedPage, prepare_below

TABLE_ROWS = 10
"""Trials in the table of the run's description, which MLflow shows above all else; `trials.csv` has all of them."""
SHEET_TRIALS = 24
"""Trials on the contact sheet: more would be too small to compare on a screen."""
CARDS = ("validation/reconstructions", "validation/latent")
"""The cards of a trial that the contact sheet shows."""


def report(parent: Run, study: Study) -> str | None:
    """Write the report of a study, and register the model of its best trial, unless that was done for these trials.

    Args:
        parent: the study's run.
        study: the study with its trials so far.

    Returns:
        The version of the best trial's model in the registry; None where no trial has a model.
    """
    states = {state.name: count for state, count in study.counts().items()}
    written = study.optuna.user_attrs.get(REPORT, {})
    if written.get("states") == states:
        return written["version"]
    version = _write(parent, study)
    study.optuna.set_user_attr(REPORT, {"states": states, "version": version})
    return version


def _write(parent: Run, study: Study) -> str | None:
    best = study.ranking()
    trials = Trials(parent.store, study.settings.study, parent.id)
    parent.describe(_description(study, best, _comparison_link(parent, study)))
    if best and len(study.settings.objective) == 1:
        parent.summary({f"best/{study.settings.objective[0]}": best[0].values[0]})
    parent.file("trials.csv", study.optuna.trials_dataframe().to_csv(index=False))
    version = _champion(trials, study, best)  # before the pictures, which may fail to be drawn
    for file, draw in plots(study.optuna, study.settings.objective):
        parent.picture(file, draw)
    if best:
        parent.picture("wall.png", lambda: _sheet(trials, study, best))
    return version


def _champion(trials: Trials, study: Study, best: list[FrozenTrial]) -> str | None:
    """Register the model of the best trial, and give its version; None where no trial has a model."""
    run = trials.trained(best[0].number, study.settings.replicates) if best else None
    if run is None:
        return None
    trained = run.data.tags.get(REUSED, run.info.run_id)
    return register(trials.store, trained, study.settings.study, study.settings.shown(best[0].values))


def check_result(study: Study) -> None:
    """Raise InputError if too many trials failed, or none has a value."""
    name = study.settings.study
    limit = study.settings.max_failures
    anew = f"begin another study, which takes over what is trained: sweep.study={name}_2"
    if study.gave_up:
        raise InputError(
            f"sweep.study={name}: gave up after {len(study.of_state(TrialState.FAIL))} failures, more than "
            f"sweep.max_failures={limit}; the last: {study.last_failure()}. Raise sweep.max_failures to go on, or mend "
            f"the cause and {anew}"
        )
    if not study.of_state(TrialState.COMPLETE):
        why = study.last_failure() or "all were pruned, which sweep/pruner=none never does"
        raise InputError(f"sweep.study={name}: no trial has a value; {why}. Mend the cause and {anew}")


def _sheet(trials: Trials, study: Study, best: list[FrozenTrial]) -> str | figures.Figure:
    shown = [cards for trial in best[:SHEET_TRIALS] if (cards := _cards(trials, study, trial))]
    return figures.trial_sheet(shown, f"{study.settings.study}: the best first")


def _comparison_link(parent: Run, study: Study) -> str | None:
    """Prepare a page of MLflow that compares all trials, and give its address; None while MLflow has no such run."""
    settings = study.settings
    less_is_better = [direction == "minimize" for direction in settings.directions]
    scores = dict(zip(settings.objective, less_is_better, strict=True))
    page = partial(
        PreparedPage,
        keys=list(study.plan.space),
        axes=list(study.plan.space.dimensions),
        scores=scores,
        curves=recorded_curves(finished_children(parent.store, parent.id), (settings.prune_by, ELBO, LOSS)),
        cards=(*CARDS, "validation/samples"),
        runs=len(study.trials),
    )
    return prepare_below(parent.store, parent.id, lambda where: page(where=where))


def _table(study: Study, best: list[FrozenTrial]) -> str:
    keys = list(study.plan.space)
    settings = study.settings
    several = len(settings.objective) > 1
    front = [trial.number for trial in study.front()] if several else []
    ranked_by = [settings.prune_by] if several else []
    columns = ["trial", *settings.objective, *ranked_by, *keys]
    rows = [
        [
            f"{trial.number}{' ◆' if trial.number in front else ''}",
            *(f"{value:.5g}" for value in (*trial.values, *([study.ranked_by(trial)] if several else []))),
            *(_cell(trial, key) for key in keys),
        ]
        for trial in best[:TABLE_ROWS]
    ]
    markdown = table([map(literal, columns), *rows], align=["---:"] * len(columns))
    if several:
        legend = "◆ is on the Pareto front: no other trial is better in all objectives."
        return f"{markdown}\n\n{legend} Sorted by {settings.prune_by}."
    return markdown


def _description(study: Study, best: list[FrozenTrial], link: str | None) -> str:
    states = ", ".join(f"{count} {state.name.lower()}" for state, count in study.counts().items() if count)
    command = shlex.join(["python", "-m", "pipeline.train", *sys.argv[1:]])
    champion = f"The best is model `{study.settings.study}@{CHAMPION}` of the registry. " if best else ""
    compared = f" **[Compare all trials]({link})**: curves, parameters and pictures." if link else ""
    return "\n\n".join(
        [
            f"{states}, of {study.plan.n_trials}.{compared}",
            _table(study, best),
            f"{champion}`wall.png` shows the best side by side, `trials.csv` has every number of all trials.",
            "This command goes on with the study; with `sweep.study=another` it begins another study of the same kind:",
            code(command),
        ]
    )


def _cell(trial: FrozenTrial, key: str) -> str:
    if key not in trial.params:
        return ""
    value = trial.params[key]
    return f"{value:.4g}" if isinstance(value, float) else literal(shown(value))


def _cards(trials: Trials, study: Study, trial: FrozenTrial) -> figures.TrialCards | None:
    run = trials.trained(trial.number, study.settings.replicates)
    cards = last_cards(trials.store, run.info.run_id, CARDS) if run else []
    if len(cards) < len(CARDS):
        return None
    scores = zip(study.settings.objective, trial.values, strict=True)
    name = ", ".join(f"{objective.rpartition('/')[2]} {value:.4g}" for objective, value in scores)
    return figures.TrialCards(f"trial {trial.number}: {name}", point_name(trial.params), cards)
