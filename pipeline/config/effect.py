"""Overrides that have no effect are refused where that is certainly a mistake, and otherwise only printed."""

import shlex
from collections.abc import Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

from pipeline.config.effect_rule import Flat, Rule
from pipeline.config.effect_rules import RULES
from pipeline.config.names import Config, flatten
from pipeline.errors import InputError
from pipeline.places import python


def without_effect(overrides: Sequence[str], config: Config, varied: Sequence[str] = ()) -> list[str]:
    """The overrides that have no effect, in a line for each reason.

    Args:
        overrides: of the command line.
        config: that they compose.
        varied: keys that are not the same in all trainings of the command.

    Raises:
        InputError: one of them is certainly a mistake.
    """
    parsed = [each for each in OverridesParser.create().parse_overrides(list(overrides)) if not each.is_delete()]
    idle: dict[tuple[str, str], dict[str, None]] = {}
    flat = flatten(config, targets=True)
    for each in parsed:
        for rule in RULES:
            if each.is_sweep_override() or not _applies(rule, each, varied) or not _holds(rule, flat):
                continue
            if rule.is_refused:
                raise InputError(f"{each.input_line} has no {rule.lacks}: {rule.why}")
            idle.setdefault((rule.lacks, rule.why), {})[str(each.input_line)] = None
    told = [
        f"{' and '.join(lines)} {'has' if len(lines) == 1 else 'have'} no {lacks}: {why}"
        for (lacks, why), lines in idle.items()
    ]
    return [*dict.fromkeys(_repeated(parsed)), *told]


def _applies(rule: Rule, override: Override, varied: Sequence[str]) -> bool:
    """Whether a rule is about an override, and all that it depends on is the same in all trainings."""
    key = override.key_or_group
    is_about_it = (key, override.value()) == (rule.key, rule.choice) if rule.choice else _is_below(key, rule.key)
    return is_about_it and not any(_overlap(each, by) for each in varied for by in rule.by)


def _holds(rule: Rule, flat: Flat) -> bool:
    """Whether a setting has no effect; not where a value is wrong or missing, which is refused when it is checked."""
    try:
        return rule.when(flat)
    except (KeyError, TypeError):
        return False


def refuse_of_several(overrides: Sequence[str], arguments: Sequence[str]) -> None:
    """Refuse overrides that only several trainings have a use for, in a command that trains one.

    Args:
        overrides: of the command, those of Hydra's own settings included.
        arguments: the whole command line.

    Raises:
        InputError: with the command that was probably meant.
    """
    starts = ("sweep=", "sweep.", "sweep/", "hydra/launcher=", "hydra.launcher.", "hydra.sweep.")
    lines = [each for each in overrides if each.lstrip("+").startswith(starts)]
    if lines:
        raise InputError(
            f"{' '.join(lines)}: without -m this is one training, in which that has no effect. Add -m, or leave it "
            f"out: {python()} -m pipeline.train -m {shlex.join(arguments)}"
        )


def _repeated(overrides: Sequence[Override]) -> list[str]:
    last = {each.key_or_group: each for each in overrides}
    return [
        f"{each.input_line} has no effect: {last[each.key_or_group].input_line} follows"
        for each in overrides
        if each.value() != last[each.key_or_group].value()
    ]


def _is_below(key: str, other: str) -> bool:
    return key == other or key.startswith(f"{other}.")


def _overlap(key: str, other: str) -> bool:
    key = key.replace("/", ".")
    return _is_below(key, other) or _is_below(other, key)
