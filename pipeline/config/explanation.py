"""What is wrong with a command line, explained with what to type instead."""

import re
from collections.abc import Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import ConfigCompositionException, OverrideParseException

from pipeline.config.composition import TRAIN, Primary
from pipeline.config.hydra_internals import command_line
from pipeline.config.keys import Keys
from pipeline.config.names import argument
from pipeline.config.published_sweeper import refuse_published
from pipeline.errors import InputError
from pipeline.text.wording import did_you_mean


def check_words(arguments: Sequence[str], primary: Primary) -> None:
    """Refuse flags that do not exist, and keys of the published sweeper.

    Args:
        arguments: the command line.
        primary: the config of the command.

    Raises:
        InputError: with what to type instead.
    """
    line = command_line(arguments)
    if line.unknown:
        flag = line.unknown[0]
        if not flag.startswith("-"):
            raise InputError(f"{flag}: Hydra reads no override behind a flag that follows one. Type all flags first")
        name, _, value = flag.lstrip("-").partition("=")
        value = value or next((each for each in line.overrides if "=" not in each), "…")
        keys = Keys(primary).named(name.replace("-", "_"))
        cure = f"Settings are typed as key=value: {keys[0]}={value}" if keys else "--help lists the keys"
        raise InputError(f"{flag}: no such flag. {cure}")
    if primary == TRAIN:
        refuse_published(line.overrides)


def explain(error: Exception, arguments: Sequence[str], primary: Primary) -> str:
    """What Hydra or OmegaConf refused of a command line, with the keys that exist where an unknown one was given.

    Args:
        error: raised while the config was composed.
        arguments: the command line.
        primary: the config of the command.
    """
    line = command_line(arguments)
    keys = Keys(primary, line.overrides, line.config_dir)
    if isinstance(error, OverrideParseException):
        return _ungrammatical(str(error.override), str(error), keys)
    if several := re.match(r"Ambiguous value for argument '(.*)'\n", str(error)):
        return _several(several[1], Keys(primary))
    if said := _of_choices(f"{error} {error.__cause__ or ''}".strip(), line.overrides):
        return said
    if "Config group override must be a string" in str(error):
        return f"{_without_option(line.overrides)}: expected one of the group's options, which --help lists"
    if key := _unknown_key(error, line.overrides):
        return keys.refusal(key)
    causes = [error, *([error.__cause__] if error.__cause__ else [])]
    return "\n".join(re.split(r"\n\s*(?:full_key|Config search path)", str(cause))[0] for cause in causes)


def _ungrammatical(override: str, reason: str, keys: Keys) -> str:
    key, equals, value = override.partition("=")
    if not equals or not key.strip("+~"):
        return f"{override}: expected key=value; --help lists the keys"
    if not re.fullmatch(r"[\w.$@/+~-]+", key, re.ASCII):
        return keys.refusal(key)
    if not re.match(r"\s*([\[{]|\w+\()", value):
        return f"{override}: with such characters a value is typed in quotes: {argument(key, value)}"
    said = [line for line in reason.splitlines() if not line.startswith(("Error parsing", "See https", "LexerNo"))]
    return (
        f"{override}: {next(iter(said), 'that is not complete').strip()}; expected Hydra's grammar, such as "
        f"'model.filters=[32,64]'. Or if that is the text itself: {argument(key, value)}"
    )


def _several(override: str, keys: Keys) -> str:
    key, _, value = override.partition("=")
    each = "A training of each: add -m. " if keys.primary == TRAIN else ""
    if key in keys.groups:
        return f"{override}: several options of a group. {each}".rstrip()
    return f"{override}: several values. {each}A list: '{key}=[{value}]'. One text: {argument(key, value)}"


def _of_choices(said: str, overrides: Sequence[str]) -> str | None:
    if "Unexpected type annotation: Set" in said:
        return (
            f"{' '.join(overrides)}: choice(…), range(…) and interval(…) are typed in quotes where they are in braces"
        )
    if said.endswith(("requires --multirun", "require --multirun")):
        return f"{said}: several values are several trainings. Add -m, or give one value"
    return _unknown_option(said, overrides)


def _unknown_option(said: str, overrides: Sequence[str]) -> str | None:
    """The refusal of an option that its group does not have, typed or named by a config."""
    if found := re.match(r"In '.*': Could not find '(.*)'\n\nAvailable options in '(.*)':\n((?:\t.*\n?)+)", said):
        option, group, listed = found.groups()
        name, options = option.removeprefix(f"{group}/"), listed.split()
        meant = did_you_mean(name, options, f"{group}=")
        by = "" if any(each.startswith(f"{group}=") for each in overrides) else ", which a config names"
        return f"{group}={name}{by}: no such option. {meant}{group} has: {', '.join(options)}"
    if found := re.match(r"In '(.*)': Could not load '(.*)'", said):
        return f"{found[1]}.yaml: its defaults name {found[2]}, and there is no such config. Correct the name"
    # A group that is added is looked for below the config of the command, where there is none.
    added = [each for each in overrides if each.startswith("+") and "Could not find" in said]
    there = [each for each in added if f"/{each[1:].replace('=', '/')}'" in said]
    return f"{there[0]}: an option of a group is typed without a plus: {there[0][1:]}" if there else None


def _without_option(overrides: Sequence[str]) -> str:
    """The override that gives a group no text, as far as it can be told; else all of them."""
    empty = [each for each in overrides if each.endswith("=null")]
    nameless = [each for each in overrides if each.startswith("=")]
    return next(iter([*empty, *nameless]), " ".join(overrides))


def _unknown_key(error: Exception, overrides: Sequence[str]) -> str | None:
    if not isinstance(error, ConfigCompositionException):
        return None
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    keys = [each.key_or_group for each in parsed]
    return next((key for key in keys if f"'{key}'" in str(error) and "override" in str(error).lower()), None)
