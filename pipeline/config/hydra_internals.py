"""Hydra's private names, gathered in one place; `tests/config/test_hydra_internals.py` tells when Hydra changes them.

`get_args_parser` knows Hydra's flags. Hydra parses the command line inside of `hydra.main` and has no public function
for it, but three things are due before that: flags that do not exist are refused with a cure, `from=<run>` is replaced
by the overrides that it stands for, and what Hydra refuses is explained by the overrides beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hydra._internal.utils import get_args_parser


@dataclass(frozen=True)
class CommandLine:
    """A command line as Hydra reads it.

    Attributes:
        overrides: in the order in which they were typed.
        config_dir: the value of `--config-dir`.
        unknown: flags that Hydra does not have, and overrides after a flag that stands between overrides.
    """

    overrides: list[str]
    config_dir: str | None
    unknown: list[str]


def command_line(arguments: Sequence[str]) -> CommandLine:
    """Tell flags and overrides of a command line apart."""
    parsed, unknown = get_args_parser().parse_known_args(list(arguments))
    return CommandLine(parsed.overrides, parsed.config_dir, unknown)
