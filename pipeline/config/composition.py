"""What the doors need of Hydra: the folder of configs, the composed one, and the name of what was changed."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra import compose
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from pipeline import ROOT
from pipeline.address import without_secrets
from pipeline.config.names import Config, argument, flatten, run_name
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
        key, reason = error.full_key, str(error.msg).partition("\n")[0]
        raise InputError(f"{key}: {reason}. Give it a value: {key}=…{_literally(composed, str(key))}") from error
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


def _literally(composed: DictConfig, key: str) -> str:
    """How to type a text that was taken for a reference; nothing of what is none."""
    text = flatten(OmegaConf.to_container(composed)).get(key)  # type: ignore[arg-type]
    return f". Or if that is the text itself: {argument(key, text)}" if isinstance(text, str) and "${" in text else ""


def null_listed(line: str) -> str:
    """An override with `a=choice(null,3)`, which Hydra refuses, as `a=null,3`, which is the same."""
    choice = re.fullmatch(r"([^=]+=)choice\(([^()]*,[^()]*)\)", line)
    nothing = choice and "null" in [each.strip() for each in choice[2].split(",")]
    return f"{choice[1]}{choice[2]}" if choice and nothing else line


def name_of(overrides: Sequence[str], choices: Mapping[str, str | None], config: Config) -> str:
    """The name of a run: what the overrides changed. To be called while Hydra is at work.

    Args:
        overrides: as typed.
        choices: the group choices of the composed config.
        config: that config.
    """
    groups, values = sorted_overrides(OverridesParser.create().parse_overrides(list(overrides)), choices)
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


def sorted_overrides(
    overrides: Sequence[Override], choices: Mapping[str, Any]
) -> tuple[list[Override], list[Override]]:
    """Those that choose from a group, and those that set a value; deletions are neither."""
    kept = [each for each in overrides if not each.is_delete() and not each.key_or_group.startswith("hydra")]
    groups = [each for each in kept if each.key_or_group in choices]
    return groups, [each for each in kept if each not in groups]
