"""What the doors need of Hydra: the folder of configs, the name of what was changed, and readable refusals."""

import os
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra._internal.utils import get_args_parser
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import ConfigCompositionException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from pipeline import ROOT
from pipeline.address import without_secrets
from pipeline.config import Config, flatten, run_name
from pipeline.errors import InputError

CONF = ROOT / "conf"
COMMANDS = "commands"
"""Where in it commands have their configs that share no group with training: else a group would claim their keys."""
INERT = ("tracking.", "pictures.", "evaluation.", "sweep.", "dataset.dir", "trusted", "resume")
"""Keys that change nothing about what is trained, so they are no part of a run's name."""
OmegaConf.register_new_resolver("root", lambda: str(ROOT), replace=True)


def plain(composed: DictConfig) -> Config:
    """The config as plain mappings and lists, every reference resolved; beyond the doors there is no other.

    The secrets of addresses are not in it: see `pipeline.address`.

    Raises:
        InputError: a value is missing, or refers to one that does not exist.
    """
    try:
        config = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise InputError(
            f"{error.full_key}: {str(error.msg).partition(chr(10))[0]}. Give it a value: {error.full_key}=…"
        ) from error
    assert isinstance(config, dict)
    config = without_secrets(config)
    directory = (config.get("dataset") or {}).get("dir")
    if isinstance(directory, str) and directory:
        # What was typed here must mean the same when the run is resumed elsewhere.
        config["dataset"]["dir"] = str(Path(directory).expanduser().absolute())
    return {str(key): value for key, value in config.items()}


def where_it_was_typed() -> None:
    """Go back to the directory of the command, whatever `hydra.job.chdir` says: relative paths are meant from there."""
    os.chdir(HydraConfig.get().runtime.cwd)


def name_of(overrides: Sequence[str], choices: Mapping[str, str | None], config: Config) -> str:
    """The name of a run: what the overrides changed. To be called while Hydra is at work.

    Args:
        overrides: as typed.
        choices: the group choices of the composed config.
        config: that config.
    """
    groups, values = _sorted(OverridesParser.create().parse_overrides(list(overrides)), choices)
    default = compose("train", return_hydra_config=True).hydra.runtime.choices
    before = flatten(plain(compose("train", [each.input_line for each in groups])))
    after = flatten(config)
    if after.get("init") and "@" not in str(after["init"]):
        after["init"] = str(after["init"])[:8]  # enough of an id to tell it by
    changed = [each.key_or_group for each in values]
    chosen = {each.key_or_group: str(each.value()) for each in groups}
    return run_name(
        {
            group: choice
            for group, choice in chosen.items()
            if default.get(group) != choice and not f"{group}.".startswith(INERT)
        },
        {key: after[key] for key in changed if after.get(key) != before.get(key) and not key.startswith(INERT)},
    )


def explain(error: Exception, arguments: Sequence[str], config_name: str) -> str:
    """What Hydra or OmegaConf refused of a command line, with the keys that exist where an unknown one was given."""
    parsed, _ = get_args_parser().parse_known_args(list(arguments))
    overrides = parsed.overrides
    if isinstance(error, OverrideParseException):
        wanted = "wanted key=value in Hydra's grammar; put quotes around brackets and spaces: 'model.filters=[32,64]'"
        return f"{error.override}: {str(error).partition(chr(10))[0]}; {wanted}"
    emptied = [each for each in overrides if each.endswith("=null")]
    if "Config group override must be a string" in str(error) and emptied:
        return f"{emptied[0]}: wanted one of the group's options, which --help lists"
    key = _unknown_key(error, overrides)
    if key is None:
        causes = [error, *([error.__cause__] if error.__cause__ else [])]
        return "\n".join(re.split(r"\n\s*(?:full_key|Config search path)", str(cause))[0] for cause in causes)
    parent, _, name = key.rpartition(".")
    keys = partial(_keys, overrides=overrides, config_dir=parsed.config_dir, config_name=config_name)
    known = keys(parent)
    while parent and not known:  # then the parent is what was mistyped
        parent, _, name = parent.rpartition(".")
        known = keys(parent)
    key = f"{parent}.{name}" if parent else name
    meant = get_close_matches(name, known, n=1)
    path = f"{parent}." if parent else ""
    hint = f"Did you mean {path}{meant[0]}? " if meant else ""
    return f"{key}: no such key. {hint}{parent or 'The config'} has: {', '.join(known)}"


def _sorted(overrides: Sequence[Override], choices: Mapping[str, Any]) -> tuple[list[Override], list[Override]]:
    """Those that choose from a group, and those that set a value; deletions are neither."""
    kept = [each for each in overrides if not each.is_delete() and not each.key_or_group.startswith("hydra")]
    groups = [each for each in kept if each.key_or_group in choices]
    return groups, [each for each in kept if each not in groups]


def _unknown_key(error: Exception, overrides: Sequence[str]) -> str | None:
    if not isinstance(error, ConfigCompositionException):
        return None
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    keys = [each.key_or_group for each in parsed]
    return next((key for key in keys if f"'{key}'" in str(error) and "override" in str(error).lower()), None)


def _keys(parent: str, *, overrides: Sequence[str], config_dir: str | None, config_name: str) -> list[str]:
    """The keys below a dotted name, composed with the group choices alone; none if there is no such name."""
    search = [f"hydra.searchpath=[file://{Path(config_dir).absolute()}]"] if config_dir else []
    GlobalHydra.instance().clear()
    path = CONF / config_name
    with initialize_config_dir(str(path.parent), version_base="1.3"):
        groups = compose(path.name, search, return_hydra_config=True).hydra.runtime.choices
        kept, _ = _sorted(OverridesParser.create().parse_overrides(list(overrides)), groups)
        composed = compose(path.name, [*search, *(each.input_line for each in kept)])
        node = OmegaConf.select(composed, parent) if parent else composed
    return [str(key) for key in node if key != "_target_"] if isinstance(node, DictConfig) else []
