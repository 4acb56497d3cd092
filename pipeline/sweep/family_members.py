"""A family's members are the trainings that `-m` asks for: a preset's named ones times lists of the command line."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from hydra.core.override_parser.types import Override, RangeSweep

from pipeline.config.names import run_name, shown
from pipeline.errors import InputError
from pipeline.sweep.space.decimal_range import numbers_of


@dataclass(frozen=True)
class FamilyMember:
    """A family member is one training of a family.

    Attributes:
        name: what tells the member from the others; empty where neither a preset nor a list of values names it.
        overrides: the overrides of the command line that train it alone.
    """

    name: str
    overrides: tuple[str, ...]


def family_members(
    overrides: Sequence[Override], presets: Mapping[str, Mapping[str, Any]], groups: Collection[str]
) -> list[FamilyMember]:
    """List every training that a command asks for, each once, in the order of the preset and the command line.

    Args:
        overrides: the command line. Its values replace those of the preset; a named training of the preset that chooses
            another option of a group is left out.
        presets: the preset's `sweep.points`, keys and values of each training by name. Where there are none, there is
            one training without a name.
        groups: the names of the config groups.

    Raises:
        InputError: an override has infinitely many values, or no training of the preset agrees with the command line.
    """
    fixed = {each.key_or_group: shown(each.value()) for each in overrides if not each.is_sweep_override()}
    agreeing = {name: own for name, own in (presets or {"": {}}).items() if _agrees(own or {}, fixed, groups)}
    if not agreeing:
        raise InputError(
            f"{' '.join(each.input_line or '' for each in overrides)}: none of the preset's trainings is of that kind; "
            f"they are: {'; '.join(presets)}. Leave -m out to train this one alone"
        )
    lists = [list(_values(each)) for each in overrides if each.is_sweep_override()]
    kept = [each.input_line or "" for each in overrides if not each.is_sweep_override()]
    overridden = {each.key_or_group for each in overrides}
    names: dict[tuple[str, ...], str] = {}
    for (name, own), values in product(agreeing.items(), product(*lists)):
        remaining = [f"{key}={shown(value)}" for key, value in (own or {}).items() if key not in overridden]
        lines = (*remaining, *kept, *(line for line, *_ in values))
        names.setdefault(lines, _name(name, {key: value for _, key, value in values}))
    return [FamilyMember(name, lines) for lines, name in names.items()]


def _agrees(own: Mapping[str, Any], fixed: Mapping[str, str], groups: Collection[str]) -> bool:
    """Tell whether a named training chooses the same options of groups as the command line."""
    return all(fixed[key] == str(value) for key, value in own.items() if key in groups and key in fixed)


def _values(override: Override) -> Iterator[tuple[str, str, str]]:
    """Iterate over the values of a list: the override for this value alone, the key and the value."""
    if not override.is_discrete_sweep():
        raise InputError(
            f"{override.input_line}: has infinitely many values. List some: {override.key_or_group}=1,2,4, or "
            f"{override.key_or_group}=range(1,5)"
        )
    for text in _texts(override):
        named = text.lower() if text in ("True", "False") else text  # as they are typed
        yield f"{override.get_key_element()}={text}", override.key_or_group, named


def _texts(override: Override) -> Iterator[str]:
    values = override.value()
    if not isinstance(values, RangeSweep):
        return override.sweep_string_iterator()
    try:
        return map(str, numbers_of(values))
    except ValueError as error:
        raise InputError(f"{override.input_line}: {error}") from error


def _name(preset: str, values: Mapping[str, str]) -> str:
    return " ".join(part for part in (preset, run_name({}, values) if values else "") if part)
