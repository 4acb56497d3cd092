"""Who chooses the value of a key: a trial that has it, a sampler that wants it, a person who gave it, or chance."""

from collections.abc import Callable, Mapping

import numpy as np
import optuna
from optuna import Trial
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.pruners import _filter_study
from optuna.trial import FrozenTrial

from pipeline.sweep.space.distribution import Value, values_of

Draw = Callable[[str, BaseDistribution], Value]
"""The value of a key."""


def by_trial(trial: Trial) -> Draw:
    """Values as a trial of Optuna's has them, from now on."""

    def draw(key: str, distribution: BaseDistribution) -> Value:
        if isinstance(distribution, CategoricalDistribution):
            return trial.suggest_categorical(key, distribution.choices)  # type: ignore[return-value]
        assert isinstance(distribution, IntDistribution | FloatDistribution)
        suggest = trial.suggest_int if isinstance(distribution, IntDistribution) else trial.suggest_float
        return suggest(key, distribution.low, distribution.high, step=distribution.step, log=distribution.log)  # type: ignore[arg-type]

    return draw


def wish(study: optuna.Study, trial: FrozenTrial) -> Draw:
    """Values as the sampler of a study wants them in a trial, which does not have them yet."""
    study = _filter_study(study, trial)
    relative = study.sampler.sample_relative(study, trial, study.sampler.infer_relative_search_space(study, trial))

    def draw(key: str, distribution: BaseDistribution) -> Value:
        value: Value = (
            relative[key] if key in relative else study.sampler.sample_independent(study, trial, key, distribution)
        )
        return value

    return draw


def having(part: Mapping[str, Value], draw: Draw) -> Draw:
    """These values where there are some, and drawn ones elsewhere."""
    return lambda key, distribution: part[key] if key in part else draw(key, distribution)


def at_random(random: np.random.Generator) -> Draw:
    """Values that are all as likely."""

    def draw(key: str, distribution: BaseDistribution) -> Value:
        if isinstance(distribution, FloatDistribution) and distribution.step is None:
            return float(random.uniform(distribution.low, distribution.high))
        values = values_of(key, distribution)
        return values[int(random.integers(len(values)))]

    return draw
