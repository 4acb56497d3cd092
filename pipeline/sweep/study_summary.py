"""The summary of a study, shown when a command ends: its best trial or its Pareto front, and the next commands."""

from collections.abc import Sequence

from optuna.trial import FrozenTrial

from pipeline.runs.next_steps import next_steps
from pipeline.sweep.space.space import point_name
from pipeline.sweep.study.study import Study
from pipeline.sweep.workers.progress import WORDS
from pipeline.tracking.champion import CHAMPION
from pipeline.tracking.run import Run

FRONT_TRIALS = 10
"""Trials of a Pareto front that the summary lists, so that it fits a small terminal; the report has more of them."""


def study_summary(parent: Run, study: Study, version: str | None, overrides: Sequence[str]) -> str:
    """Summarise a study for people, in a few lines.

    Args:
        parent: the study's run.
        study: the study with its trials.
        version: the version of the best trial's model in the registry; None where it has none.
        overrides: the command line, from which the next commands take what they need.
    """
    best = study.ranking()
    counts = {word: len(study.of_state(state)) for state, word in WORDS.items()}
    lines = [", ".join(f"{count} {word}" for word, count in counts.items() if count)]
    if best and len(study.settings.objective) > 1:
        lines.append(f"The Pareto front, by {study.settings.prune_by}:")
        lines += [f"  {_line(trial, study)}" for trial in best[: min(FRONT_TRIALS, len(study.front()))]]
    elif best:
        equal = sum(trial.values == best[0].values for trial in best)
        first = f", the first of {equal} equal ones" if equal > 1 else ""
        lines.append(f"The best{first}: {_line(best[0], study)}")
    if best and version:
        name = f"{study.settings.study}@{CHAMPION}"
        lines.append(f"The model of trial {best[0].number} is {name}, version {version}")
        lines.append(next_steps(parent, name, "the best", overrides, split="validation"))
    return "\n".join(lines)


def _line(trial: FrozenTrial, study: Study) -> str:
    return f"trial {trial.number}, {study.settings.shown(trial.values)}: {point_name(trial.params)}"
