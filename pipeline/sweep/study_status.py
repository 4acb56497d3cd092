"""The status of a study is what its storage knows at a moment: trials by state, the best of them, who trains others."""

import time
from collections.abc import Iterator

import optuna
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pipeline.config.build import check_value
from pipeline.config.names import Config
from pipeline.config.values import Location, Switch
from pipeline.config.values import Text as Name
from pipeline.metric_names import current, under_current_names
from pipeline.process.interruption import listen
from pipeline.sweep.settings import sign_of
from pipeline.sweep.space.space import point_name
from pipeline.sweep.study.definition import DEFINITION
from pipeline.sweep.study.lease import LEASE
from pipeline.sweep.study.queue import fixed_point
from pipeline.sweep.study.results import N_TRIALS, REASON, REPORT, RUN_ID, counts_of
from pipeline.sweep.study.storage import known_study
from pipeline.sweep.workers.progress import WORDS
from pipeline.text.wording import one_line

STATES = {**WORDS, TrialState.RUNNING: "training", TrialState.WAITING: "waiting"}
"""The words for the states of trials, in the order in which they are told."""
REFRESH = 2.0
"""Seconds between two looks at a study that is waited for: often for a person, seldom for a database."""
BEST_TRIALS = 5
"""Trials of a Pareto front that are told, so that the status fits a small terminal."""


def show_study(config: Config, console: Console) -> None:
    """Print the status of a study, with `wait` again and again until the study has ended.

    Args:
        config: `name`, `storage` and `wait` of the command.
        console: where the status is printed.

    Raises:
        InputError: a wrong setting, or no such study.
        Interrupted: Ctrl-C ended the waiting; the study goes on.
    """
    name = check_value(config["name"], Name | None, "name")
    storage = check_value(config["storage"], Location | None, "storage")
    wait = check_value(config["wait"], Switch, "wait")
    study = known_study(name, storage)
    if wait:
        listen()
        _wait(study, console)
    console.print(_status(study), soft_wrap=True)


def _wait(study: optuna.Study, console: Console) -> None:
    told = {trial.number for trial in _trials(study, *WORDS)}
    with Live(console=console, get_renderable=lambda: _status(study), auto_refresh=False, transient=True) as live:
        while True:
            has_ended = _has_ended(study)  # first, so that the trials that ended last are told
            for trial in _trials(study, *WORDS):
                if trial.number not in told:
                    told.add(trial.number)
                    live.console.print(Text(_line(study, trial)), soft_wrap=True)
            if has_ended:
                break
            if console.is_terminal:
                live.refresh()
            time.sleep(REFRESH)


def _has_ended(study: optuna.Study) -> bool:
    """Tell whether no trial is left to train, or the study gave up, which its report tells."""
    counts = _counts(study)
    reported = study.user_attrs.get(REPORT, {}).get("states")
    left = counts[TrialState.WAITING] + counts[TrialState.RUNNING]
    return not left or reported == {state.name: count for state, count in counts.items()}


def _status(study: optuna.Study) -> RenderableType:
    counts = _counts(study)
    told = ", ".join(f"{counts[state]} {word}" for state, word in STATES.items() if counts[state])
    total = sum(counts.values())
    head = Text.assemble("Study ", (study.study_name, "bold"), f": {told or 'no trial yet'}, of {total}")
    parts: list[RenderableType] = [head, *map(Text, _best_lines(study))]
    if training := _trials(study, TrialState.RUNNING):
        parts.append(_table(study, training))
    if failed := _trials(study, TrialState.FAIL):
        reason = one_line(str(failed[-1].user_attrs.get(REASON, "")))
        parts.append(Text(f"The last failure: trial {failed[-1].number}: {reason}"))
    if run_id := study.user_attrs.get(RUN_ID):
        parts.append(Text(f"Its run in MLflow: {run_id}"))
    return Group(*parts)


def _best_lines(study: optuna.Study) -> Iterator[str]:
    if not _trials(study, TrialState.COMPLETE):
        return
    best = study.best_trials
    if len(study.directions) == 1:
        yield f"The best: {_line(study, best[0])}"
        return
    yield f"The Pareto front, {len(best)} trials:"
    for trial in best[:BEST_TRIALS]:
        yield f"  {_line(study, trial)}"


def _line(study: optuna.Study, trial: FrozenTrial) -> str:
    names = study.metric_names or []
    values = [f"{current(name)} {value:.5g}" for name, value in zip(names, trial.values or (), strict=False)]
    result = ", ".join(values) or one_line(str(trial.user_attrs.get(REASON, "")))
    return f"trial {trial.number:>3} {STATES[trial.state]:<7} {one_line(point_name(trial.params))}  {result}".rstrip()


def _table(study: optuna.Study, training: list[FrozenTrial]) -> Table:
    """Make the table of the trials that are trained now: where, after which epoch, how good."""
    definition = study.user_attrs[DEFINITION]
    metric = current(definition["prune_by"])
    directions = under_current_names(definition["objective"])
    # A study keeps the values of epochs in the direction of its first objective.
    sign = sign_of(metric, directions) * sign_of(next(iter(directions)), directions)
    table = Table("trial", "parameters", "epoch", metric, "node", "process", box=None)
    for trial in training:
        lease = trial.system_attrs.get(LEASE, {})
        point = trial.params or fixed_point(trial)
        epoch = trial.last_step
        value = "" if epoch is None else f"{sign * trial.intermediate_values[epoch]:.5g}"
        table.add_row(
            str(trial.number), one_line(point_name(point)), str(epoch or ""), value, lease.get("host"), lease.get("pid")
        )
    return table


def _counts(study: optuna.Study) -> dict[TrialState, int]:
    return counts_of(_trials(study, *TrialState), study.user_attrs.get(N_TRIALS, 0))


def _trials(study: optuna.Study, *states: TrialState) -> list[FrozenTrial]:
    """Give the trials in these states, up to the number that the study is to have."""
    trials = study.get_trials(deepcopy=False)
    return [trial for trial in trials[: study.user_attrs.get(N_TRIALS)] if trial.state in states]
