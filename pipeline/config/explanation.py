"""What is wrong with a command line, explained with what to type instead."""

import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra._internal.utils import get_args_parser
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import ConfigCompositionException, HydraException, OverrideParseException
from omegaconf import OmegaConf

from pipeline.config.composition import CONF, sorted_overrides
from pipeline.config.names import argument, flatten
from pipeline.errors import InputError

PUBLISHED = {
    "hydra/sweeper": "sweep=study",
    "hydra/sweeper/sampler": "sweep/sampler",
    "hydra.sweeper.sampler": "sweep.sampler",
    "hydra.sweeper.n_trials": "sweep.n_trials",
    "hydra.sweeper.n_jobs": "sweep.slots",
    "hydra.sweeper.direction": "sweep.direction",
    "hydra.sweeper.storage": "sweep.storage",
    "hydra.sweeper.study_name": "sweep.study",
    "hydra.sweeper.params": "+sweep.space",
    "hydra.sweeper.search_space": "+sweep.space",
    "hydra.sweeper.custom_search_space": "+sweep.space",
    "hydra.sweeper.max_failure_rate": "sweep.max_failures",
}
"""What Hydra's published Optuna sweeper calls what is here called otherwise."""
OURS = ("pipeline", "basic")
"""Sweepers of `hydra/sweeper` that are installed."""


def check_words(arguments: Sequence[str], config_name: str) -> None:
    """Refuse flags that do not exist, and keys of the published sweeper.

    Raises:
        InputError: with what to type instead.
    """
    parsed, unknown = get_args_parser().parse_known_args(list(arguments))
    if unknown:
        name, _, value = unknown[0].lstrip("-").partition("=")
        value = value or next((each for each in parsed.overrides if "=" not in each), "…")
        keys = _Keys([], None, config_name).named(name.replace("-", "_"))
        cure = f"Settings are typed as key=value: {keys[0]}={value}" if keys else "--help lists the keys"
        raise InputError(f"{unknown[0]}: no such flag. {cure}")
    for each in parsed.overrides if config_name == "train" else []:
        key, _, value = each.lstrip("+~").partition("=")
        known = next((name for name in PUBLISHED if key == name or key.startswith(f"{name}.")), None)
        if known and not (known == "hydra/sweeper" and value in OURS):
            ours = PUBLISHED[known] + key.removeprefix(known)
            raise InputError(
                f"{each}: here that is {ours if '=' in ours else f'{ours}={value}'}, of a study: -m sweep=study "
                "sweep.study=<name>; see --help"
            )


def explain(error: Exception, arguments: Sequence[str], config_name: str) -> str:
    """What Hydra or OmegaConf refused of a command line, with the keys that exist where an unknown one was given."""
    parsed, _ = get_args_parser().parse_known_args(list(arguments))
    overrides = parsed.overrides
    keys = _Keys(overrides, parsed.config_dir, config_name)
    if isinstance(error, OverrideParseException):
        return _ungrammatical(str(error.override), str(error), keys)
    if (several := re.match(r"Ambiguous value for argument '(.*)'\n", str(error))) is not None:
        return _several(several[1], config_name)
    if said := _of_choices(f"{error} {error.__cause__ or ''}".strip(), overrides):
        return said
    emptied = [each for each in overrides if each.endswith("=null")]
    if "Config group override must be a string" in str(error):
        wrong = next(iter([*emptied, *(each for each in overrides if each.startswith("="))]), " ".join(overrides))
        return f"{wrong}: expected one of the group's options, which --help lists"
    key = _unknown_key(error, overrides)
    if key is None:
        causes = [error, *([error.__cause__] if error.__cause__ else [])]
        return "\n".join(re.split(r"\n\s*(?:full_key|Config search path)", str(cause))[0] for cause in causes)
    return keys.refusal(key)


def _ungrammatical(override: str, reason: str, keys: "_Keys") -> str:
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


def _several(override: str, config_name: str) -> str:
    key, _, value = override.partition("=")
    each = "A training of each: add -m. " if config_name == "train" else ""
    keys = _Keys([], None, config_name)
    if keys.below(key) and key in keys.groups:
        return f"{override}: several options of a group. {each}".rstrip()
    return f"{override}: several values. {each}A list: '{key}=[{value}]'. One text: {argument(key, value)}"


def _of_choices(said: str, overrides: Sequence[str]) -> str | None:
    if "Unexpected type annotation: Set" in said:
        return (
            f"{' '.join(overrides)}: choice(…), range(…) and interval(…) are typed in quotes where they are in braces"
        )
    if said.endswith(("requires --multirun", "require --multirun")):
        return f"{said}: several values are several trainings. Add -m, or give one value"
    return None


def _unknown_key(error: Exception, overrides: Sequence[str]) -> str | None:
    if not isinstance(error, ConfigCompositionException):
        return None
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    keys = [each.key_or_group for each in parsed]
    return next((key for key in keys if f"'{key}'" in str(error) and "override" in str(error).lower()), None)


def _grammatical(overrides: Sequence[str]) -> Iterator[Override]:
    parser = OverridesParser.create()
    for each in overrides:
        with suppress(HydraException):
            yield parser.parse_override(each)


class _Keys:
    """The keys that exist: composed with the group choices of a command line alone.

    Args:
        overrides: of the command line.
        config_dir: of the user's own configs.
        config_name: what the command composes.
    """

    def __init__(self, overrides: Sequence[str], config_dir: str | None, config_name: str) -> None:
        self._asked = (overrides, config_dir, CONF / config_name)
        self._composed: dict[str, Any] | None = None
        self.groups: list[str] = []  # known once it is composed

    def below(self, parent: str) -> list[str]:
        """The keys below a dotted name; none if there is no such name."""
        node: Any = self._config()
        for name in parent.split(".") if parent else []:
            node = node.get(name) if isinstance(node, dict) else None
        return [str(key) for key in node if key != "_target_"] if isinstance(node, dict) else []

    def named(self, name: str) -> list[str]:
        """The whole names of settings that are called so, or else of those that are called alike."""
        last = {key: key.rpartition(".")[2] for key in flatten(self._config())}
        meant = [name] if name in last.values() else get_close_matches(name, last.values(), n=1)
        return [key for key, short in last.items() if short in meant]

    def refusal(self, key: str) -> str:
        """That there is no such key, and which there are."""
        parent, _, name = key.rpartition(".")
        known = self.below(parent)
        while parent and not known:  # then the parent is what was mistyped
            parent, _, name = parent.rpartition(".")
            known = self.below(parent)
        if key.startswith("hydra."):
            return f"{key}: Hydra has no such key; --cfg hydra shows those that it has"
        if name in known and key.endswith(name):
            line = next((each for each in self._asked[0] if each.partition("=")[0] == key), f"{key}=…")
            return f"{line}: adds keys to {key}. Say so with a plus: {shlex.quote(f'+{line}')}"
        path = f"{parent}." if parent else ""
        rest = key.removeprefix(f"{path}{name}")
        meant = [f"{path}{each}" for each in get_close_matches(name, known, n=1)]
        meant = [f"{each}{rest}" if rest[1:].split(".")[0] in self.below(each) else each for each in meant]
        groups = [each for each in self.groups if each.rpartition("/")[2] == name and not parent]
        meant = groups or meant or self.named(key.rpartition(".")[2])[:1]
        hint = f"Did you mean {meant[0]}? " if meant else ""
        if key.startswith("sweep.") and known == ["points"]:
            hint = "That is of a study, such as -m sweep=latent_filters or sweep=study; without one "
        return f"{path}{name}: no such key. {hint}{parent or 'The config'} has: {', '.join(known)}"

    def _config(self) -> dict[str, Any]:
        if self._composed is None:
            overrides, config_dir, path = self._asked
            search = [f"hydra.searchpath=[file://{Path(config_dir).absolute()}]"] if config_dir else []
            GlobalHydra.instance().clear()
            with initialize_config_dir(str(path.parent), version_base="1.3"):
                groups = compose(path.name, search, return_hydra_config=True).hydra.runtime.choices
                self.groups = [str(group) for group in groups if not str(group).startswith("hydra")]
                kept, _ = sorted_overrides(list(_grammatical(overrides)), groups)
                composed = compose(path.name, [*search, *(each.input_line for each in kept)])
            self._composed = OmegaConf.to_container(composed)  # type: ignore[assignment]
        assert self._composed is not None
        return self._composed
