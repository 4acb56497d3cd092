"""A rule about a setting that other settings leave without effect."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Flat = Mapping[str, Any]
"""The values and targets of a config by dotted name."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A setting, and when others leave it without effect.

    Attributes:
        key: of the setting, and the beginning of all keys below it.
        choice: of the group `key` that the rule is about; None where it is about all of its settings.
        by: the keys of the others.
        when: whether they do, in a config.
        why: in words, with the cure.
        is_refused: whether nobody can mean it so; else it is only told.
        lacks: what the setting does not have.
    """

    key: str
    by: tuple[str, ...]
    when: Callable[[Flat], bool]
    why: str
    choice: str | None = None
    is_refused: bool = False
    lacks: str = "effect"
