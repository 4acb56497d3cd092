"""Which trainings a command with `-m` asks for: the preset's named points times the command line's lists of values."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from hydra.core.override_parser.types import Override, RangeSweep

from pipeline.config.names import run_name, shown
from pipeline.errors import InputError
from pipeline.sweep.space.steps import steps_of


@dataclass(frozen=True)
class Point:
    """One training of several.

    Attributes:
        name: what tells it from the others; empty where it is the only one.
        overrides: as they would be typed to train it alone.
    """

    name: str
    overrides: tuple[str, ...]


def points_of(
    typed: Sequence[Override], named: Mapping[str, Mapping[str, Any]], groups: Collection[str]
) -> list[Point]:
    """Every training that a command asks for, each once, in the order of the preset and the command line.

    Args:
        typed: the command line. A value typed there replaces that of a point; a point that chooses another option of a
            group than the command line does is left out.
        named: the preset's points: name to keys and values. Without any there is one, without a name.
        groups: names of the config groups.

    Raises:
        InputError: a range without an end, or no point that agrees with the command line.
    """
    fixed = {each.key_or_group: shown(each.value()) for each in typed if not each.is_sweep_override()}
    agreeing = {name: point for name, point in (named or {"": {}}).items() if _agree(point or {}, fixed, groups)}
    if not agreeing:
        raise InputError(
            f"{' '.join(each.input_line or '' for each in typed)}: none of the preset's trainings is of that kind; "
            f"they are: {'; '.join(named)}. Leave -m out to train this one alone"
        )
    lists = [list(_values(each)) for each in typed if each.is_sweep_override()]
    kept = [each.input_line or "" for each in typed if not each.is_sweep_override()]
    keys = {each.key_or_group for each in typed}
    found: dict[tuple[str, ...], str] = {}
    for (name, point), values in product(agreeing.items(), product(*lists)):
        own = {key: value for key, value in (point or {}).items() if key not in keys}
        overrides = (*(f"{key}={shown(value)}" for key, value in own.items()), *kept, *(line for line, *_ in values))
        found.setdefault(overrides, _name(name, {key: value for _, key, value in values}))
    return [Point(name, overrides) for overrides, name in found.items()]


def _agree(point: Mapping[str, Any], fixed: Mapping[str, str], groups: Collection[str]) -> bool:
    return all(fixed[key] == str(value) for key, value in point.items() if key in groups and key in fixed)


def _values(override: Override) -> Iterator[tuple[str, str, str]]:
    """Each value of a list: the override as typed for it alone, the key and the value."""
    if not override.is_discrete_sweep():
        raise InputError(
            f"{override.input_line}: has infinitely many values. List some: {override.key_or_group}=1,2,4, or "
            f"{override.key_or_group}=range(1,5)"
        )
    for text in _texts(override):
        yield f"{override.get_key_element()}={text}", override.key_or_group, text


def _texts(override: Override) -> Iterator[str]:
    values = override.value()
    if not isinstance(values, RangeSweep):
        return override.sweep_string_iterator()
    try:
        return map(str, steps_of(values))
    except ValueError as error:
        raise InputError(f"{override.input_line}: {error}") from error


def _name(point: str, values: Mapping[str, str]) -> str:
    return " ".join(part for part in (point, run_name({}, values) if values else "") if part)
