"""Which points the trials of a study have: known in advance, or chosen when their turn has come; none of them twice."""

from collections.abc import Iterable, Mapping

import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial

from pipeline.errors import InputError
from pipeline.sweep.distribution import Value
from pipeline.sweep.draw import wish
from pipeline.sweep.plan import Plan
from pipeline.sweep.sampling import unseen
from pipeline.sweep.space import key_of

POINT = "fixed_params"
"""Where Optuna looks for the values that a trial is to have."""
WORK = "work"


def add_missing(study: optuna.Study, plan: Plan, work: Mapping[str, float]) -> None:
    """Add what is missing of the planned trials to a study, waiting for somebody to work on them.

    Args:
        study, plan: of each other.
        work: of points that are planned, by `key_of` them.

    Raises:
        InputError: there is no room for points that the user gave.
    """
    trials = study.get_trials(deepcopy=False)
    known, missing = _keys_of(trials), max(0, plan.number - len(trials))
    planned, given = plan.points(), len(plan.given())
    new = [point for point in planned[:given] if point and key_of(point) not in known]
    if len(new) > missing:
        raise InputError(
            f"sweep.enqueue: {len(new)} points are new, and of sweep.n_trials={plan.settings.n_trials} trials "
            f"{missing} are left. Raise it"
        )
    others = [point for point in planned[given:] if point is None or key_of(point) not in known]
    for point in [*new, *others][:missing]:
        fixed = {POINT: point, WORK: work.get(key_of(point), 0.0)} if point else {}
        study.add_trial(create_trial(state=TrialState.WAITING, system_attrs=fixed))


def chosen(study: optuna.Study, plan: Plan, trial: FrozenTrial) -> dict[str, Value]:
    """The point that the sampler of a study wants for a trial, or one like it that no trial has."""
    wanted, trials = plan.space.suggest(wish(study, trial)), study.get_trials(deepcopy=False)
    return unseen(wanted, _keys_of(trials), plan.space, trial.number)


def _keys_of(trials: Iterable[FrozenTrial]) -> set[str]:
    """Of the points that trials have, or are to have."""
    return {key_of(trial.system_attrs[POINT]) for trial in trials if POINT in trial.system_attrs}
