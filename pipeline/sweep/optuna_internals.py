"""This file has all that the project uses of Optuna beyond its public interface, each with the reason."""

import optuna
from optuna.pruners import _filter_study
from optuna.trial import FrozenTrial

FIXED_PARAMS = "fixed_params"
"""The system attribute in which `optuna.Study.enqueue_trial` keeps the values that a trial is to have.

A study's queue reads the points of waiting trials from it, and adds what the sampler suggests, so that a worker that
goes on with an interrupted trial trains the same point. `enqueue_trial` can do neither.
"""


def study_for_sampler(study: optuna.Study, trial: FrozenTrial) -> optuna.Study:
    """Give the study that a sampler is to learn from: with the Hyperband pruner, only the trials of a trial's bracket.

    `optuna.Trial` does so before it asks the sampler, but stores each value at once. Here a suggested point that
    another trial has is replaced before it is stored, so the sampler is asked without `optuna.Trial`.
    """
    return _filter_study(study, trial)


def trial_of(study: optuna.Study, trial_id: int) -> optuna.Trial:
    """Open a trial that exists in a study's storage, to have the sampler suggest its values.

    `optuna.Study.ask` opens the waiting trial with the lowest number only; here the longest training may begin first,
    and a trial that was interrupted goes on. The class is public, but its documentation advises against the
    constructor.
    """
    return optuna.Trial(study, trial_id)
