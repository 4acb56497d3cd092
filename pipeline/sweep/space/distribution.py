"""The values that a key of a search space may take are one of Optuna's distributions."""

from collections.abc import Sequence
from math import inf

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import create_trial

from pipeline.config.names import shown
from pipeline.errors import InputError
from pipeline.sweep.space.decimal_range import arithmetic_sequence

Value = str | int | float | bool
"""A value of a key; a list or null is text in Hydra's grammar, as Optuna stores plain values alone."""


def written(distribution: BaseDistribution) -> str:
    """Write a distribution in Hydra's grammar, such as `choice(2, 8)`; `distribution_of` reads it again."""
    if isinstance(distribution, CategoricalDistribution):
        return f"choice({', '.join(shown(choice) for choice in distribution.choices)})"
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    low, high, step = distribution.low, distribution.high, distribution.step
    if step is None or (step == 1 and isinstance(low, int)):
        interval = f"interval({shown(low)}, {shown(high)})"
        text = f"int({interval})" if isinstance(low, int) else interval
    else:
        is_float = isinstance(distribution, FloatDistribution)
        stop = arithmetic_sequence(high, step, 2)[-1] if is_float else high + step
        text = f"range({shown(low)}, {shown(stop)}, {shown(step)})"  # whose stop is not one of its numbers
    return f"tag(log, {text})" if distribution.log else text


def values_of(key: str, distribution: BaseDistribution) -> Sequence[Value]:
    """List all values of a distribution that has finitely many.

    Args:
        key: the key that takes them, for the message.
        distribution: a choice, a range or an interval of whole numbers.

    Raises:
        InputError: the distribution is an interval of real numbers.
    """
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices  # type: ignore[return-value]
    if isinstance(distribution, IntDistribution):
        return range(distribution.low, distribution.high + 1, distribution.step)
    assert isinstance(distribution, FloatDistribution)
    if distribution.step is None:
        raise InputError(
            f"{key}: an interval has infinitely many values, so no grid holds them. Use range(a, b, step), choice(…) "
            "or another sampler, sweep/sampler=tpe"
        )
    steps = round((distribution.high - distribution.low) / distribution.step)
    return arithmetic_sequence(distribution.low, distribution.step, steps + 1)


def exact(distribution: BaseDistribution, value: Value) -> Value:
    """Round a suggested value to the number of a range that it stands for: samplers miss it by the last bit."""
    if not isinstance(distribution, FloatDistribution) or distribution.step is None or isinstance(value, str):
        return value
    index = round((value - distribution.low) / distribution.step)
    return arithmetic_sequence(distribution.low, distribution.step, index + 1)[-1]


def count_of(distribution: BaseDistribution) -> float:
    """Count the values of a distribution; infinity for an interval of real numbers."""
    infinite = isinstance(distribution, FloatDistribution) and distribution.step is None
    return inf if infinite else len(values_of("", distribution))


def ends_of(distribution: BaseDistribution) -> Sequence[Value]:
    """Give the lowest and the highest value of a distribution, or every choice, as choices have no order."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices  # type: ignore[return-value]
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    return list(dict.fromkeys([distribution.low, distribution.high]))


def contains(distribution: BaseDistribution, value: Value) -> bool:
    """Tell whether a value is one of a distribution's."""
    try:  # Optuna checks the values of a trial, and a value alone only in a private method
        create_trial(value=0.0, params={"key": value}, distributions={"key": distribution})
    except ValueError:
        return False
    return True
