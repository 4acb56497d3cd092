"""What a study shows in its run: its best trials as a table, and all of them as a file."""

import optuna

from pipeline.config import shown
from pipeline.sweep.study import Study
from pipeline.tracking.run import Run

BEST = 10
"""Trials in the table of the description."""


def report(parent: Run, study: Study) -> None:
    """Write the table and the file."""
    table = study.optuna.trials_dataframe()
    parent.file("trials.csv", table.to_csv(index=False))
    parent.describe(_description(study))


def _description(study: Study) -> str:
    keys = list(study.plan.space)
    trials = [trial for trial in study.trials if trial.state == optuna.trial.TrialState.COMPLETE]
    columns = ["trial", *study.settings.objective, *keys]
    lines = [f"| {' | '.join(columns)} |", "|" + " ---: |" * len(columns)]
    best = sorted(trials, key=study.rank)[:BEST]
    for trial in best:
        cells = [f"{value:.5g}" for value in trial.values or []] + [shown(trial.params.get(key, "")) for key in keys]
        lines.append(f"| {trial.number} | {' | '.join(cells)} |")
    return "\n".join(lines)
