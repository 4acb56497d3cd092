"""Class names as users type them."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field


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
"""Class names, or null for what the data set itself says."""
