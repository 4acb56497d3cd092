"""A value source chooses the value of a key: a trial that has it, a sampler, whoever fixed it, or chance."""

from collections.abc import Callable, Mapping

import numpy as np
import optuna
from optuna import Trial
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial

from pipeline.sweep.optuna_internals import study_for_sampler
from pipeline.sweep.space.distribution import Value, values_of

ValueSource = Callable[[str, BaseDistribution], Value]
"""From a key and its distribution to the value of the key."""


def from_trial(trial: Trial) -> ValueSource:
    """Take the values of a trial; Optuna suggests those that the trial lacks, and stores them in it."""

    def source(key: str, distribution: BaseDistribution) -> Value:
        if isinstance(distribution, CategoricalDistribution):
            return trial.suggest_categorical(key, distribution.choices)  # type: ignore[return-value]
        assert isinstance(distribution, IntDistribution | FloatDistribution)
        suggest = trial.suggest_int if isinstance(distribution, IntDistribution) else trial.suggest_float
        return suggest(key, distribution.low, distribution.high, step=distribution.step, log=distribution.log)  # type: ignore[arg-type]

    return source


def from_sampler(study: optuna.Study, trial: FrozenTrial) -> ValueSource:
    """Take the values that a study's sampler suggests for a trial, without storing them in the trial."""
    study = study_for_sampler(study, trial)
    relative = study.sampler.sample_relative(study, trial, study.sampler.infer_relative_search_space(study, trial))

    def source(key: str, distribution: BaseDistribution) -> Value:
        value: Value = (
            relative[key] if key in relative else study.sampler.sample_independent(study, trial, key, distribution)
        )
        return value

    return source


def partly_fixed(fixed: Mapping[str, Value], source: ValueSource) -> ValueSource:
    """Take the fixed values, and those of another source for the keys that are not fixed."""
    return lambda key, distribution: fixed[key] if key in fixed else source(key, distribution)


def uniform(random: np.random.Generator) -> ValueSource:
    """Draw every value with the same probability."""

    def source(key: str, distribution: BaseDistribution) -> Value:
        if isinstance(distribution, FloatDistribution) and distribution.step is None:
            return float(random.uniform(distribution.low, distribution.high))
        values = values_of(key, distribution)
        return values[int(random.integers(len(values)))]

    return source
