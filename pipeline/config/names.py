"""The names and values of a config as people type and read them: dotted names, a run's name, Hydra's grammar."""

import re
import shlex
from collections.abc import Mapping
from typing import Any

Config = dict[str, Any]


def flatten(config: Mapping[str, Any], prefix: str = "", *, targets: bool = False) -> dict[str, Any]:
    """Leaf values by dotted name, such as `model.latent_dim`; targets are no settings and left out unless asked for."""
    leaves: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, Mapping):
            leaves |= flatten(value, f"{prefix}{name}.", targets=targets)
        elif targets or name != "_target_":
            leaves[f"{prefix}{name}"] = value
    return leaves


def searched_keys(space: object) -> list[str]:
    """Dotted names of the keys of `sweep.space`, those below conditions included; none where it is no mapping."""
    if not isinstance(space, Mapping):
        return []
    below = [each for values in space.values() for each in searched_keys(values)]
    return [key.replace("/", ".") for key, values in space.items() if not isinstance(values, Mapping)] + below


def run_name(choices: Mapping[str, str], values: Mapping[str, Any]) -> str:
    """What differs from the default, such as `dataset=mnist latent_dim=8`; `default` where nothing does.

    Args:
        choices: groups that were chosen otherwise than by default, with the choice.
        values: dotted names of values that were changed, with the value.
    """
    parts = {group.rpartition("/")[2]: choice for group, choice in choices.items()}
    last = [name.rpartition(".")[2] for name in values]
    for name, value in values.items():
        short = name.rpartition(".")[2]
        parts[name if last.count(short) > 1 or short in parts else short] = value
    return " ".join(f"{name}={shown(value)}" for name, value in parts.items()) or "default"


def shown(value: Any) -> str:
    """A value as it is typed on the command line."""
    if isinstance(value, list):
        return "[" + ",".join(map(shown, value)) + "]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else str(value)
    return str(value)


def hydra_literal(value: Any) -> str:
    """A value of any kind in Hydra's grammar, from which it is read again as it was."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{hydra_literal(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(hydra_literal, value)) + "]"
    return quoted(value) if isinstance(value, str) else repr(value) if isinstance(value, float) else shown(value)


def quoted(text: str, mark: str = "'") -> str:
    """A text as a value in Hydra's grammar, literally, whatever is in it."""
    text = re.sub(r"(\\*)\$\{", r"\1\1\\${", text)  # else a reference to another key
    text = re.sub(rf"(\\+)(?={mark}|$)", r"\1\1", text)  # elsewhere a backslash is one
    return mark + text.replace(mark, f"\\{mark}") + mark


_PLAIN = re.compile(r"(?!(?:null|true|false|nan|inf)$)(?:[a-z_/]|\.(?!\d))[\w./:@+*%-]*", re.ASCII | re.IGNORECASE)
"""Texts that Hydra reads as they are: no numbers, and without words and characters that mean something to it."""


def argument(key: str, text: str) -> str:
    """A key and its text as they are typed in a shell, in quotes where Hydra or the shell would read another text."""
    return shlex.quote(f"{key}={text if _PLAIN.fullmatch(text) else quoted(text, mark=chr(34))}")
