"""The queue of a study has the trials that wait: those whose points are known, those that were preempted, and new ones.

A trial whose point a sampler is to suggest is added when a worker has room for it, since Optuna reads all trials that
have not ended again and again. No two trials of a study have the same point.
"""

from collections.abc import Iterator, Mapping, Sequence

import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from pipeline.errors import InputError
from pipeline.sweep.optuna_internals import FIXED_PARAMS
from pipeline.sweep.sampling import untried
from pipeline.sweep.space.distribution import Value
from pipeline.sweep.space.space import Space, key_of
from pipeline.sweep.space.value_sources import from_sampler, partly_fixed
from pipeline.sweep.study.plan import Plan

FLOP = "work"
"""The system attribute of a trial that keeps the floating-point operations which its training is estimated to take."""
ENQUEUED = "given"
"""The system attribute of a trial that keeps `key_of` the point, or the part of one, that the user enqueued."""


def add_known(study: optuna.Study, plan: Plan, flop: Mapping[str, float]) -> None:
    """Add those planned trials to a study that it does not have yet and whose points are known, in state WAITING.

    Args:
        study: Optuna's study.
        plan: the plan of that study.
        flop: estimated floating-point operations of planned points, by `key_of` the point.

    Raises:
        InputError: the user enqueued more points than there are trials left.
    """
    trials = study.get_trials(deepcopy=False)
    known = set(_keys_of(trials))
    missing = max(0, plan.n_trials - len(trials))
    planned = plan.points()
    enqueued = [key_of(part) for part in plan.enqueued()]
    new = [
        (point, key)
        for point, key in zip(planned, enqueued, strict=False)
        if point and not {key_of(point), key} & known
    ]
    if len(new) > missing:
        raise InputError(
            f"sweep.enqueue: {len(new)} points are new, and of sweep.n_trials={plan.settings.n_trials} trials "
            f"{missing} are left. Raise sweep.n_trials"
        )
    others = [(point, None) for point in planned[len(enqueued) :] if point and key_of(point) not in known]
    for point, key in [*new, *others][:missing]:
        attributes = {FIXED_PARAMS: point, FLOP: flop.get(key_of(point), 0.0)} | ({ENQUEUED: key} if key else {})
        study.add_trial(create_trial(state=TrialState.WAITING, system_attrs=attributes))


def add_next(study: optuna.Study, storage: BaseStorage, n_trials: int) -> FrozenTrial | None:
    """Add a trial to a study in state WAITING, whose point the sampler is to suggest; None where all have been added.

    Args:
        study: Optuna's study.
        storage: the storage that has it.
        n_trials: the number of trials of the plan.
    """
    if len(study.get_trials(deepcopy=False)) >= n_trials:
        return None
    study_id = storage.get_study_id_from_name(study.study_name)
    trial = storage.get_trial(storage.create_new_trial(study_id, create_trial(state=TrialState.WAITING)))
    # Where another machine has added the last one meanwhile, this one waits for a command with more trials.
    return trial if trial.number < n_trials else None


def fixed_point(trial: FrozenTrial) -> dict[str, Value]:
    """Give the point that a trial is to have, as far as it is known before the sampler suggests the rest."""
    fixed: dict[str, Value] = trial.system_attrs.get(FIXED_PARAMS, {})
    return fixed


def suggested_point(study: optuna.Study, space: Space, trial: FrozenTrial) -> dict[str, Value]:
    """Give the point that the sampler of a study suggests for a trial, or one like it that no trial has.

    The part of the point that the user enqueued stays as it is, unless all such points are taken.
    """
    part = fixed_point(trial)
    suggested = space.suggest(partly_fixed(part, from_sampler(study, trial)))
    return untried(suggested, set(_keys_of(study.get_trials(deepcopy=False))), space, trial.number, part)


def taken_by_others(study: optuna.Study, number: int) -> set[str]:
    """Give `key_of` the points of all trials but one, and of the parts that the user enqueued."""
    return set(_keys_of([trial for trial in study.get_trials(deepcopy=False) if trial.number != number]))


def by_duration(waiting: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Sort waiting trials by the estimated duration of their training, the longest first.

    Several trials at once then end at about the same time, and none is waited for alone.
    """
    return sorted(waiting, key=lambda trial: -trial.system_attrs.get(FLOP, 0.0))


def _keys_of(trials: Sequence[FrozenTrial]) -> Iterator[str]:
    """Iterate over `key_of` the points that trials have or are to have, and of the parts that the user enqueued."""
    for trial in trials:
        if FIXED_PARAMS in trial.system_attrs:
            yield key_of(trial.system_attrs[FIXED_PARAMS])
        if ENQUEUED in trial.system_attrs:
            yield trial.system_attrs[ENQUEUED]
