"""Replaces the secrets of addresses in the arguments, before Hydra writes them to disk and runs record them."""

import os
import sys
from collections.abc import Iterator
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, QuotedString
from hydra.errors import HydraException

from pipeline.config.names import quoted
from pipeline.errors import InputError
from pipeline.secrets import has_secret, hidden, is_address

_ADDRESSES = ("tracking.uri", "sweep.storage", ".mirrors")
"""Keys whose values are addresses, even without http:// at their beginning."""
_VARIABLE = "MLFLOW_TRACKING_URI"


def hide_secrets() -> None:
    """Put `***` in the place of every secret of an address, in the arguments and in the variable that stands for one.

    Code that needs a secret has it from `pipeline.address`.
    """
    if _VARIABLE in os.environ:
        os.environ[_VARIABLE] = hidden(os.environ[_VARIABLE])
    sys.argv[1:] = [_shown(argument) for argument in sys.argv[1:]]


def _shown(argument: str) -> str:
    key, _, value = argument.partition("=")
    if "://" not in value and not key.endswith(_ADDRESSES):
        return argument
    for address in _texts(_value(argument, value)):
        if not (is_address(address) or key.endswith(_ADDRESSES)):
            continue
        if "${" in address and has_secret(address):
            raise InputError(
                f"{key}: a secret that is written out beside a reference would be recorded with it. Give it as a "
                "reference too, or a tracking server's whole address as the environment variable MLFLOW_TRACKING_URI"
            )
        shown = address if "${" in address else hidden(address)
        if address != shown:
            argument = argument.replace(address, shown) if address in argument else f"{key}={quoted(shown)}"
    return argument


def _value(argument: str, value: str) -> Any:
    """The value that Hydra reads in an argument, or the text itself where Hydra reads none."""
    try:
        [override] = OverridesParser.create().parse_overrides([argument])
    except HydraException:
        return value
    return override.value()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str | QuotedString):
        yield value if isinstance(value, str) else value.text
    elif isinstance(value, dict):
        yield from (text for each in value.values() for text in _texts(each))
    elif isinstance(value, list | ChoiceSweep):
        yield from (text for each in (value if isinstance(value, list) else value.list) for text in _texts(each))
