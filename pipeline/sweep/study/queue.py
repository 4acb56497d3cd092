"""Which points the trials of a study have: known in advance, or chosen when their turn has come; none of them twice."""

from collections.abc import Iterator, Mapping, Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial

from pipeline.errors import InputError
from pipeline.sweep.sampling import unseen
from pipeline.sweep.space.distribution import Value
from pipeline.sweep.space.space import key_of
from pipeline.sweep.space.suggest import having, wish
from pipeline.sweep.study.plan import Plan

POINT = "fixed_params"
"""Where Optuna looks for the values that a trial is to have."""
WORK, GIVEN = "work", "given"
"""What a trial is estimated to take; `key_of` what the user gave of its point."""


def add_missing(study: optuna.Study, plan: Plan, work: Mapping[str, float]) -> None:
    """Add what is missing of the planned trials to a study, waiting for somebody to work on them.

    Args:
        study, plan: of each other.
        work: of points that are planned, by `key_of` them.

    Raises:
        InputError: there is no room for points that the user gave.
    """
    trials = study.get_trials(deepcopy=False)
    known, missing = set(_keys_of(trials)), max(0, plan.number - len(trials))
    planned, given = plan.points(), [key_of(part) for part in plan.given()]
    asked = [
        (point, key) for point, key in zip(planned, given, strict=False) if point and not {key_of(point), key} & known
    ]
    if len(asked) > missing:
        raise InputError(
            f"sweep.enqueue: {len(asked)} points are new, and of sweep.n_trials={plan.settings.n_trials} trials "
            f"{missing} are left. Raise sweep.n_trials"
        )
    others = [(point, None) for point in planned[len(given) :] if point is None or key_of(point) not in known]
    for point, key in [*asked, *others][:missing]:
        fixed = {POINT: point, WORK: work.get(key_of(point), 0.0)} if point else {}
        study.add_trial(create_trial(state=TrialState.WAITING, system_attrs=fixed | ({GIVEN: key} if key else {})))


def chosen(study: optuna.Study, plan: Plan, trial: FrozenTrial) -> dict[str, Value]:
    """The point that the sampler of a study wants for a trial, or one like it that no trial has.

    What was given of the point stays as it is, unless all such points are taken.
    """
    part, trials = trial.system_attrs.get(POINT, {}), study.get_trials(deepcopy=False)
    expected = plan.space.suggest(having(part, wish(study, trial)))
    return unseen(expected, set(_keys_of(trials)), plan.space, trial.number, part)


def _keys_of(trials: Sequence[FrozenTrial]) -> Iterator[str]:
    """Of the points that trials have, or are to have, and of what was given of them."""
    for trial in trials:
        if POINT in trial.system_attrs:
            yield key_of(trial.system_attrs[POINT])
        if GIVEN in trial.system_attrs:
            yield trial.system_attrs[GIVEN]
