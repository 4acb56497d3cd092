"""What the target of a config says of its arguments: types, as `pipeline.config.build` checks them, and meanings."""

import inspect
import re
from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from pipeline.config.build import types_of

NAMES = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false"}
NAMES |= {"object": "mapping", "Address": "address"}
BOUNDS = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}


class _WithClasses(GenerateJsonSchema):
    """The schema of a type, with the names of classes where JSON has no type for their instances."""

    def is_instance_schema(self, schema: Any) -> dict[str, Any]:
        return {"type": schema["cls"].__name__}


def types_in_words(target: Any) -> dict[str, str]:
    """The type and range of each argument in words; empty where none is declared."""
    parameters = inspect.signature(target).parameters
    return {name: in_words(each) for name, each in types_of(target).items() if name in parameters}


def in_words(annotation: Any) -> str:
    """A type with its range, such as `whole number > 0, or null`."""
    if annotation is Any:
        return ""
    if inspect.isclass(annotation) and annotation.__module__ != "builtins":  # what a config of its own describes
        return ""
    adapter = TypeAdapter(annotation, config=ConfigDict(arbitrary_types_allowed=True))
    schema = adapter.json_schema(schema_generator=_WithClasses)
    return _phrase(schema, schema.get("$defs", {}))


def _phrase(schema: Mapping[str, Any], known: Mapping[str, Any], plural: str = "") -> str:
    if "$ref" in schema:
        return _phrase(known[schema["$ref"].rpartition("/")[2]], known, plural)
    if "anyOf" in schema:
        parts = [_phrase(each, known, plural) for each in schema["anyOf"]]
        return ", or ".join(dict.fromkeys(part for part in parts if part))
    if "enum" in schema or "const" in schema:
        values = [f"`{each}`" for each in schema.get("enum", [schema.get("const")])]
        return (", " if plural else " or ").join(values)
    if schema.get("type") == "array":
        return _list(schema, known, plural)
    kind = schema.get("type", "")
    name = NAMES.get(kind, kind)
    bounds = [f"{sign} {_number(schema[bound])}" for bound, sign in BOUNDS.items() if bound in schema]
    return f"{name}{plural if name in NAMES.values() else ''} {', '.join(bounds)}".strip()


def _list(schema: Mapping[str, Any], known: Mapping[str, Any], plural: str) -> str:
    fixed = schema.get("prefixItems") or ([schema["items"]] * schema.get("maxItems", 0) if "items" in schema else [])
    kinds = [_phrase(each, known, "s") for each in fixed or [schema.get("items", {})]]
    items = " and ".join(dict.fromkeys(each for each in kinds if each))
    least = ", at least one" if schema.get("minItems") and not fixed else ""
    number = f"{len(fixed)} " if fixed else ""
    return f"list{plural} of {number}{items}{least}" if items else f"list{plural}"


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def meanings_of(target: Any) -> dict[str, str]:
    """What the docstrings of a target, and of the classes above it, say of each argument."""
    above = inspect.getmro(target)[::-1] if inspect.isclass(target) else (target,)
    found: dict[str, str] = {}
    for each in above:
        found |= _arguments(inspect.cleandoc(each.__doc__ or "")) if each.__module__.startswith("pipeline.") else {}
    return found


def _arguments(docstring: str) -> dict[str, str]:
    section = re.search(r"^(?:Attributes|Args):\n((?:    .*\n?|\n)+)", docstring, re.MULTILINE)
    entries = re.findall(r"^    (\w+(?:, \w+)*): ((?:.*)(?:\n     .*)*)", section[1] if section else "", re.MULTILINE)
    return {name: " ".join(text.split()) for names, text in entries for name in names.split(", ")}
