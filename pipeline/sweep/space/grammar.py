"""Search spaces are written in Hydra's grammar: `choice`, `range` and `interval` mean the same everywhere."""

from collections.abc import Mapping
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep
from hydra.errors import HydraException
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from pipeline.config.composition import null_listed
from pipeline.config.names import shown
from pipeline.errors import InputError
from pipeline.sweep.space.decimal_range import numbers_of
from pipeline.sweep.space.space import Space
from pipeline.text.wording import first_line


def space_of(node: Mapping[str, Any], parser: OverridesParser, *, under: str = "sweep.space") -> Space:
    """Read the search space that a config describes.

    Args:
        node: keys with values in Hydra's grammar; and conditions `key=value`, each with the keys that exist only then.
        parser: Hydra's parser of overrides.
        under: the key of the config that holds the node, for messages.

    Raises:
        InputError: the values of a key are not in Hydra's grammar, or there is only one.
    """
    dimensions: dict[str, BaseDistribution] = {}
    conditional: dict[str, Space] = {}
    for key, values in node.items():
        if isinstance(values, Mapping):
            if "=" not in key:
                raise InputError(
                    f"{under}.{key}: expected values such as choice(2, 8), or below a condition such as "
                    "model=conv the keys that exist then"
                )
            conditional[key] = space_of(values, parser, under=f"{under}.{key}")
        else:
            dimensions[key] = distribution_of(_parsed(f"{key}={_text(values)}", parser, under))
    return Space(dimensions, conditional)


def _text(values: Any) -> str:
    """Write values of a config in Hydra's grammar; a list is a choice."""
    if not isinstance(values, list):
        return shown(values)
    text = ",".join(map(shown, values))
    return text if len(values) > 1 else f"choice({text})"


def distribution_of(override: Override) -> BaseDistribution:
    """Give Optuna's distribution of the values that an override of the command line lists.

    Raises:
        InputError: the override has one value, or its values are no distribution.
    """
    values = override.value()
    try:
        _check_tags(values)
        if isinstance(values, IntervalSweep):
            return _interval(values)
        if isinstance(values, RangeSweep):
            return _range(values)
        if override.is_choice_sweep():
            pairs = zip(override.sweep_string_iterator(), override.sweep_iterator(), strict=True)
            choices = [value if isinstance(value, int | float) else text for text, value in pairs]
            return CategoricalDistribution(list({shown(choice): choice for choice in choices}.values()))
    except ValueError as error:
        raise InputError(f"{override.input_line}: {error}") from error
    raise InputError(
        f"{override.input_line}: that is one value; expected several: choice(2, 8), range(1, 9), interval(0.1, 1), "
        "int(interval(2, 32)) or tag(log, interval(1e-4, 1e-2))"
    )


def _check_tags(values: Any) -> None:
    known = {"log"} if isinstance(values, IntervalSweep | RangeSweep) else set[str]()
    if unknown := getattr(values, "tags", set[str]()) - known:
        raise ValueError(
            f"the tag {', '.join(sorted(unknown))} is unknown here; expected the tag log of an interval or a range: "
            "tag(log, interval(1e-4, 1e-2))"
        )


def _parsed(line: str, parser: OverridesParser, under: str) -> Override:
    try:
        return parser.parse_override(null_listed(line))
    except HydraException as error:
        raise InputError(f"{under}.{line}: {first_line(error)}; expected Hydra's grammar") from error


def _interval(values: IntervalSweep) -> BaseDistribution:
    low, high = values.start, values.end
    log = "log" in values.tags
    assert low is not None
    assert high is not None
    if low > high:
        raise ValueError(f"{low} is above {high}; expected the lower end first: interval({high}, {low})")
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high, log=log)
    return FloatDistribution(low, high, log=log)


def _range(values: RangeSweep) -> BaseDistribution:
    numbers = numbers_of(values)
    low, high = min(numbers), max(numbers)
    if isinstance(low, int) and isinstance(high, int):
        log = "log" in values.tags
        return IntDistribution(low, high, log=log, step=abs(int(values.step)))
    if "log" in values.tags:
        raise ValueError("steps are even, so they cannot be logarithmic; use tag(log, interval(a, b))")
    return FloatDistribution(low, high, step=abs(float(values.step)))
