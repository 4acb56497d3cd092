"""The values that a key may take, as Optuna's distributions have them."""

from collections.abc import Sequence
from math import inf

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from pipeline.config.names import shown
from pipeline.errors import InputError
from pipeline.sweep.space.steps import evenly

Value = str | int | float | bool


def written(distribution: BaseDistribution) -> str:
    """The values in Hydra's grammar."""
    if isinstance(distribution, CategoricalDistribution):
        return f"choice({', '.join(shown(choice) for choice in distribution.choices)})"
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    low, high, step = distribution.low, distribution.high, distribution.step
    if step is None or (step == 1 and isinstance(low, int)):
        interval = f"interval({shown(low)}, {shown(high)})"
        text = f"int({interval})" if isinstance(low, int) else interval
    else:
        end = evenly(high, step, 2)[-1] if isinstance(distribution, FloatDistribution) else high + step
        text = f"range({shown(low)}, {shown(end)}, {shown(step)})"  # its end is not one of its values
    return f"tag(log, {text})" if distribution.log else text


def values_of(key: str, distribution: BaseDistribution) -> Sequence[Value]:
    """All values of a distribution that has finitely many.

    Raises:
        InputError: the distribution is an interval; names the key.
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
    return evenly(distribution.low, distribution.step, steps + 1)


def exact(distribution: BaseDistribution, value: Value) -> Value:
    """A value of one as a person would write it; what samplers make of even steps is off by a last bit."""
    if not isinstance(distribution, FloatDistribution) or distribution.step is None or isinstance(value, str):
        return value
    return evenly(distribution.low, distribution.step, round((value - distribution.low) / distribution.step) + 1)[-1]


def count_of(distribution: BaseDistribution) -> float:
    """How many there are; infinity where they have no end."""
    endless = isinstance(distribution, FloatDistribution) and distribution.step is None
    return inf if endless else len(values_of("", distribution))


def ends_of(distribution: BaseDistribution) -> Sequence[Value]:
    """The lowest and the highest; of choices all."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices  # type: ignore[return-value]
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    return list(dict.fromkeys([distribution.low, distribution.high]))


def has(distribution: BaseDistribution, value: Value) -> bool:
    """Whether a value is one of them."""
    try:
        return distribution._contains(distribution.to_internal_repr(value))
    except ValueError:
        return False
