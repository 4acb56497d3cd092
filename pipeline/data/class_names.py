"""Class names: those that users type are checked, and all are made printable."""

import unicodedata
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field

from pipeline.errors import InputError
from pipeline.text.wording import shortened


def _as_names(value: Any) -> Any:
    if not isinstance(value, list | tuple) or not value:
        raise ValueError("a list of class names")
    # YAML reads [3, 7] as numbers. A boolean is an int to Python, but never a class name that somebody typed.
    if not all(isinstance(name, str | int) and not isinstance(name, bool) for name in value):
        raise ValueError("class names that are text or whole numbers (put quotes around others)")
    names = [str(name) for name in value]
    if len(set(names)) < len(names):
        raise ValueError("each class name once")
    return names


Names = Annotated[list[str], BeforeValidator(_as_names), Field(examples=[[3, 7]])]
"""At least one class name, each once."""

NamesOrNone = Annotated[
    list[str] | None,
    BeforeValidator(lambda value: None if value is None else _as_names(value)),
    Field(examples=[[3, 7]]),
]
"""Class names, or null for those of the data set itself."""


LISTED = 20
"""Class names that a message lists; more would hide its end."""


def labels_of(asked: Sequence[Any], class_names: Sequence[str], key: str) -> np.ndarray:
    """The labels, int [n], of classes that somebody asks for by name or, where no name is a number, by number from 0.

    Args:
        asked: names or numbers.
        class_names: by label.
        key: of the setting that asks, for messages.

    Raises:
        InputError: there is no such class.
    """
    known = {name: label for label, name in enumerate(class_names)}
    if not any(name.isdecimal() for name in class_names):
        known = {str(label): label for label in known.values()} | known
    for name in map(str, asked):
        if name not in known:
            listed = ", ".join(class_names[:LISTED]) + (" …" if len(class_names) > LISTED else "")
            raise InputError(f"{key}: there is no class {shortened(name, 40)}; expected one of: {listed}")
    return np.array([known[str(name)] for name in asked], np.int64)


def printable(names: Sequence[str]) -> tuple[str, ...]:
    """The names with escapes for what cannot be printed or written as UTF-8; names that differ still differ.

    A byte of a file name that is not UTF-8 becomes an escape such as `\\xe9`, a line break becomes `\\n`.
    """
    taken = {name for name in names if _escaped(name) == name}
    printed = []
    for name in names:
        escaped = _escaped(name)
        while escaped != name and escaped in taken:
            escaped += "'"
        taken.add(escaped)
        printed.append(escaped)
    return tuple(printed)


def _escaped(name: str) -> str:
    return "".join(map(_escape, name))


def _escape(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # a byte, as Python keeps it in the name of a file
        return f"\\x{ord(character) - 0xDC00:02x}"
    if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
        return character.encode("unicode_escape").decode("ascii")
    return character
