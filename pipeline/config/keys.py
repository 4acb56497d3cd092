"""The keys that a command has, to answer one that it does not have."""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import OmegaConf

from pipeline.config.composition import Primary, choices_and_values, search_path
from pipeline.config.names import Config, flatten

FORMER = {
    "objective.warmup_epochs": (
        "A warm-up is a schedule of the objective: objective/schedule=warmup objective.schedule.epochs=10"
    ),
}
"""What to type in place of keys of earlier versions."""


class Keys:
    """The keys that exist: composed with the group choices of a command line alone.

    Args:
        primary: the config of the command.
        overrides: of the command line.
        config_dir: of the user's own configs.
    """

    def __init__(self, primary: Primary, overrides: Sequence[str] = (), config_dir: str | None = None) -> None:
        self.primary = primary
        self.overrides = overrides
        self.search_path = search_path(config_dir, [each.input_line or "" for each in _grammatical(overrides)])

    def below(self, parent: str) -> list[str]:
        """The keys below a dotted name; none if there is no such name."""
        node: Any = self._config
        for name in parent.split(".") if parent else []:
            node = node.get(name) if isinstance(node, dict) else None
        return [str(key) for key in node if key != "_target_"] if isinstance(node, dict) else []

    def _has(self, group: str) -> bool:
        """Whether an option of a group is a part of the config."""
        return isinstance(self._config.get(group), dict)

    def named(self, name: str) -> list[str]:
        """The dotted names of the settings whose last part is this name, or else is like it."""
        last = {key: key.rpartition(".")[2] for key in flatten(self._config) if "=" not in key}
        meant = [name] if name in last.values() else get_close_matches(name, last.values(), n=1)
        return [key for key, short in last.items() if short in meant]

    def refusal(self, key: str) -> str:
        """The message that there is no such key, with the key that may be meant and those that there are."""
        if key.startswith("hydra."):
            return f"{key}: Hydra has no such key; --cfg hydra shows those that it has"
        if key in FORMER:
            return f"{key}: there is no such key any more. {FORMER[key]}"
        if condition := _condition(key, (self._config.get("sweep") or {}).get("space") or {}):
            value = next((each.partition("=")[2] for each in self.overrides if each.startswith(f"{key}=")), "…")
            cure = shlex.quote(f"{key}=choice({value})")
            return f"{key}: this study searches it where {condition} alone. To fix it there: {cure}"
        parent, _, name = key.rpartition(".")
        known = self.below(parent)
        if parent in self.groups and not known and self._has(parent):
            return f"{key}: no such key. The chosen option of {parent} has no settings; --help lists the others"
        while parent and not known:  # then the parent is what was mistyped
            parent, _, name = parent.rpartition(".")
            known = self.below(parent)
        if name in known and key.endswith(name):
            line = next((each for each in self.overrides if each.partition("=")[0] == key), f"{key}=…")
            return f"{line}: adds keys to {key}, which takes a plus: {shlex.quote(f'+{line}')}"
        if key.startswith("sweep.") and known == ["points"]:
            hint = "Only a study has this key: add -m and, for example, sweep=latent_filters. Without a study, "
        else:
            meant = self._meant(key, parent, name)
            hint = f"Did you mean {meant}? " if meant else ""
        path = f"{parent}." if parent else ""
        return f"{path}{name}: no such key. {hint}{parent or 'The config'} has: {', '.join(known)}"

    def _meant(self, key: str, parent: str, name: str) -> str | None:
        """The key or group that is most like a mistyped one, `name` below `parent`."""
        groups = [group for group in self.groups if not parent and group.rpartition("/")[2] == name]
        path = f"{parent}." if parent else ""
        rest = key.removeprefix(f"{path}{name}")
        alike = [f"{path}{each}" for each in get_close_matches(name, self.below(parent), n=1)]
        whole = [f"{each}{rest}" if rest[1:].split(".")[0] in self.below(each) else each for each in alike]
        return next(iter([*groups, *whole, *self.named(key.rpartition(".")[2])]), None)

    @cached_property
    def groups(self) -> list[str]:
        """The groups that an option is chosen from."""
        with self._hydra():
            composed = compose(self.primary.name, self.search_path, return_hydra_config=True)
        choices = composed.hydra.runtime.choices
        return [str(group) for group in choices if not str(group).startswith("hydra")]

    @cached_property
    def _config(self) -> Config:
        chosen, _ = choices_and_values(list(_grammatical(self.overrides)), self.groups)
        with self._hydra():
            composed = compose(self.primary.name, [*self.search_path, *(each.input_line for each in chosen)])
        return OmegaConf.to_container(composed)  # type: ignore[return-value]

    def _hydra(self) -> initialize_config_dir:
        GlobalHydra.instance().clear()
        return initialize_config_dir(str(self.primary.root), version_base="1.3")


def _condition(key: str, space: Config) -> str | None:
    """The condition below which a search space has a key; None if it has the key nowhere, or everywhere."""
    conditions = {name: inner for name, inner in space.items() if isinstance(inner, dict)}
    return next((name for name, inner in conditions.items() if key in inner or _condition(key, inner)), None)


def _grammatical(overrides: Sequence[str]) -> Iterator[Override]:
    parser = OverridesParser.create()
    for each in overrides:
        with suppress(HydraException):
            yield parser.parse_override(each)
