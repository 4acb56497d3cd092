"""From a node of the composed config to the object that it describes.

A node is a plain mapping with `_target_`, the dotted path of a class or function, beside its keyword arguments. The
typed, keyword-only signature of the target is the schema: what it refuses becomes an `InputError` that names the key as
the user would type it, the value, what was expected and an example that works.
"""

import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import is_dataclass
from types import SimpleNamespace
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from pipeline.address import with_secrets
from pipeline.config.names import Config, shown
from pipeline.config.values import Text
from pipeline.errors import InputError
from pipeline.text.wording import did_you_mean

_OF_KERAS = ("activations", "constraints", "initializers", "losses", "optimizers", "regularizers")
ALLOWED = ("pipeline", *(f"keras.{part}" for part in _OF_KERAS))
"""What configs may name, also those of others: what else Keras has reads and writes files."""


def build(node: Mapping[str, Any], key: str, trusted: Sequence[str] = (), *, expected: type = object) -> Any:
    """The object that `node` describes; nodes inside it are built first.

    Args:
        node: a mapping with `_target_`.
        key: where the node stands in the config, such as `model`; messages begin with it.
        trusted: packages of the user's that targets may come from, beside `ALLOWED`.
        expected: what the object must be.

    Raises:
        InputError: an unknown or untrusted target, an unknown or missing key, a value of the wrong type or range.
    """
    target = locate(node.get("_target_"), key, trusted)
    if inspect.isclass(target) and not issubclass(target, expected):  # before it is called
        raise _of_another_kind(target.__name__, expected, key)
    arguments = {name: _nested(value, f"{key}.{name}", trusted) for name, value in node.items() if name != "_target_"}
    checked = check(target, arguments, key)
    try:
        built = target(**(checked if _own(target) else with_secrets(checked)))
    except InputError as error:
        raise InputError(f"{key}: {error}") from error
    except (TypeError, ValueError) as error:
        given = ", ".join(f"{key}.{name}={shown(value)}" for name, value in arguments.items())
        raise InputError(f"{key}: {node['_target_']} refused {given or 'its defaults'}: {error}") from error
    return _instance(built, expected, key)


def trusted_of(config: Config) -> list[str]:
    """The packages that targets may come from beside ours, as the user lists them in a config.

    Raises:
        InputError: something else than a list of names.
    """
    trusted: list[str] = check_value(config.get("trusted"), list[Text], "trusted")
    return trusted


def check(target: Callable[..., Any], arguments: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The arguments in the types that the target's signature asks for.

    Raises:
        InputError: an unknown or missing name, a value of the wrong type or range.
    """
    _check_names(target, arguments, key)
    types = types_of(target)
    return {name: check_value(value, types.get(name, Any), f"{key}.{name}") for name, value in arguments.items()}


def locate(path: object, key: str, trusted: Sequence[str] = ()) -> Callable[..., Any]:
    """The class or function at a dotted path, if it lies in a package that configs may name.

    Raises:
        InputError: the path is not text, not in an allowed package, or leads nowhere.
    """
    if not isinstance(path, str):
        raise InputError(f"{key}._target_={shown(path)}: expected the dotted path of a class or function")
    allowed = (*ALLOWED, *trusted)
    package = path.partition(".")[0]
    if not is_within(path, allowed):
        raise InputError(
            f"{key}._target_={path}: only {', '.join(allowed)} may be named. "
            f"If you trust this package, set trusted=[{package}]"
        )
    module, _, name = path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        cure = ". Is the folder that has it in PYTHONPATH?" if is_within(path, trusted) else ""
        raise InputError(f"{key}._target_={path}: nothing found there ({error}){cure}") from error
    if package not in trusted and str(getattr(found, "__module__", package)).partition(".")[0] != package:
        raise InputError(f"{key}._target_={path}: that is of {found.__module__}, which {module} uses for itself")
    if not callable(found):
        raise InputError(f"{key}._target_={path}: that is a {type(found).__name__}; expected a class or function")
    return found


def is_within(path: str, packages: Sequence[str]) -> bool:
    """Whether a dotted path lies in one of the packages."""
    return f"{path}.".startswith(tuple(f"{each}." for each in packages))


def _nested(value: Any, key: str, trusted: Sequence[str]) -> Any:
    return build(value, key, trusted) if isinstance(value, Mapping) and "_target_" in value else value


def _check_names(target: Callable[..., Any], arguments: Mapping[str, Any], key: str) -> None:
    parameters = inspect.signature(target).parameters
    names = [name for name, each in parameters.items() if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
    open_ended = any(each.kind is each.VAR_KEYWORD for each in parameters.values()) and not _own(target)
    for unknown in [] if open_ended else sorted(set(arguments) - set(names)):
        hint = did_you_mean(unknown, names, f"{key}.")
        raise InputError(f"{key}.{unknown}: no such key. {hint}{key} has: {', '.join(names)}")
    for name in names:
        if parameters[name].default is inspect.Parameter.empty and name not in arguments:
            raise InputError(f"{key}.{name}: missing. Give it a value: {key}.{name}=…")


def _own(target: Callable[..., Any]) -> bool:
    """Whether a `**kwargs` of the target is for Keras' book-keeping, not for users."""
    return target.__module__.startswith("pipeline.")


def types_of(target: Callable[..., Any]) -> dict[str, Any]:
    """The annotated type of each argument that has one; those of Keras have none."""
    declared = target.__init__ if inspect.isclass(target) and not is_dataclass(target) else target
    try:
        return get_type_hints(declared, include_extras=True)
    except NameError:
        return {name: _type_or_any(written, declared) for name, written in inspect.get_annotations(declared).items()}


def _type_or_any(written: object, declared: Callable[..., Any]) -> Any:
    """An annotated type, or `Any` where Optuna imports the names in it for type checkers alone."""
    alone = SimpleNamespace(__annotations__={"type": written})
    try:
        return get_type_hints(alone, inspect.unwrap(declared).__globals__, include_extras=True)["type"]
    except NameError:
        return Any


def check_value(value: Any, expected: Any, key: str) -> Any:
    """The value in the expected type.

    Raises:
        InputError: it is of another type or out of range.
    """
    if expected is not Any and inspect.isclass(expected) and expected.__module__ != "builtins":
        return _instance(value, expected, key)
    try:
        return TypeAdapter(expected, config=ConfigDict(arbitrary_types_allowed=True)).validate_python(value)
    except ValidationError as error:
        reasons = dict.fromkeys(problem["msg"] for problem in error.errors())
        phrase = " or ".join(_lower(reason.removeprefix("Value error, ")) for reason in reasons)
        phrase += " or null" if type(None) in get_args(expected) else ""
        example = _example(expected)
        cure = "" if example is None else f", for example {key}={shown(example)}"
        raise InputError(f"{key}={_with_its_type(value)}: expected {phrase}{cure}") from error


def _instance(value: Any, expected: type, key: str) -> Any:
    if not isinstance(value, expected):
        cure = f"; choose one with {key.replace('.', '/')}={value}" if isinstance(value, str) else ""
        raise _of_another_kind(type(value).__name__, expected, key, cure)
    return value


def _of_another_kind(kind: str, expected: type, key: str, cure: str = "") -> InputError:
    return InputError(f"{key}: that is of type {kind}; expected the _target_ of a {expected.__name__}{cure}")


def _example(expected: Any) -> Any:
    """The example of a good value that an annotated type carries, the outermost first."""
    for field in reversed(getattr(expected, "__metadata__", ())):
        if getattr(field, "examples", None):
            return field.examples[0]
    parts = getattr(expected, "__args__", ())
    return next(
        (found for part in parts if get_origin(part) is Annotated and (found := _example(part)) is not None), None
    )


def _with_its_type(value: Any) -> str:
    """A refused value with what tells its type: the point of a whole float, the quotes around a number."""
    if isinstance(value, float):
        return str(value)
    return f"'{value}'" if isinstance(value, str) and value.isdecimal() else shown(value)


def _lower(reason: str) -> str:
    reason = reason.removeprefix("Input should be ")
    if reason.startswith(("greater", "less")):
        return f"a number {reason}"
    return reason[0].lower() + reason[1:]
