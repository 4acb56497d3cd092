"""What a study says when it ends: its best trial, or the front of several objectives, and what to type next."""

from collections.abc import Sequence

from optuna.trial import FrozenTrial

from pipeline.runs.next_steps import next_steps
from pipeline.sweep.space.space import point_name
from pipeline.sweep.study.study import Study
from pipeline.sweep.workers.progress import WORDS
from pipeline.tracking.registry import CHAMPION
from pipeline.tracking.run import Run

SHOWN = 10
"""Trials of a front that are listed."""


def last_word(parent: Run, study: Study, version: str | None, typed: Sequence[str]) -> str:
    """What came of a study, for people.

    Args:
        parent: its run.
        study: with its trials.
        version: of the champion in the registry; None where there is none.
        typed: the command line.
    """
    settings, best = study.settings, study.ranking()
    counts = {word: len(study.of_state(state)) for state, word in WORDS.items()}
    lines = [", ".join(f"{count} {word}" for word, count in counts.items() if count)]
    if best and len(settings.objective) > 1:
        front = study.front()
        lines.append(f"The Pareto front, by {settings.prune_by}:")
        lines += [f"  {_shown(trial, study)}" for trial in best[: min(SHOWN, len(front))]]
    elif best:
        lines.append(f"The best: {_shown(best[0], study)}")
    if best and version:
        name = f"{settings.study}@{CHAMPION}"
        lines.append(f"The model of trial {best[0].number} is {name}, version {version}")
        lines.append(next_steps(parent, name, "the best", typed))
    return "\n".join(lines)


def _shown(trial: FrozenTrial, study: Study) -> str:
    return f"trial {trial.number}, {study.settings.shown(trial.values)}: {point_name(trial.params)}"
