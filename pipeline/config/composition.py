"""What Hydra composes: the config of each command, as plain values, and the name of a run from what was overridden."""

import os
import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra import compose
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from pipeline.address import without_secrets
from pipeline.config.groups import listed_groups
from pipeline.config.names import Config, argument, flatten, quoted, run_name
from pipeline.errors import InputError
from pipeline.places import CONF, MLRUNS
from pipeline.text.wording import first_line

COMMANDS = CONF / "commands"
"""The folder of the commands' configs."""


@dataclass(frozen=True)
class Primary:
    """The config that a command composes.

    Attributes:
        root: the folder below which Hydra finds groups. It is `COMMANDS` for a command that shares no group with
            training: below `CONF`, Hydra would take `experiment=…` of `compare` for an option of that group.
        name: as Hydra names it, from the root.
    """

    root: Path
    name: str


TRAIN = Primary(CONF, "commands/train")
EVALUATE = Primary(CONF, "commands/evaluate")
VERIFY = Primary(CONF, "commands/verify")
COMPARE = Primary(COMMANDS, "compare")
GENERATE = Primary(COMMANDS, "generate")
REPRODUCE = Primary(COMMANDS, "reproduce")
SERVE = Primary(COMMANDS, "serve")
STUDY = Primary(COMMANDS, "study")
SYNC = Primary(COMMANDS, "sync")
BUNDLE = Primary(COMMANDS, "bundle")

CHOICES = "choices"
"""The key of a recorded config that has the option chosen of each group: what a config's values do not tell."""

OUTSIDE_TRAINING = ("tracking.", "pictures.", "evaluation.", "sweep.", "dataset.dir", "trusted", "resume")
"""Keys that change nothing about what is trained, so they are no part of a run's name."""

OmegaConf.register_new_resolver("mlruns", lambda: str(MLRUNS), replace=True)
OmegaConf.register_new_resolver("groups", listed_groups, replace=True)


def search_path(config_dir: str | None, overrides: Sequence[str] = ()) -> list[str]:
    """The override by which `compose` finds the configs that a command line finds beside those of the project.

    Args:
        config_dir: the folder of `--config-dir`, if one was given.
        overrides: of the command line, of which `hydra.searchpath=` names further places.
    """
    typed = [each for each in overrides if each.startswith("hydra.searchpath=[")]
    places = [f"file://{Path(config_dir).absolute()}"] if config_dir else []
    for each in OverridesParser.create().parse_overrides(typed):
        value: Any = each.value()  # a list, as it is in brackets
        places += map(str, value)
    return [f"hydra.searchpath=[{','.join(map(quoted, places))}]"] if places else []


def plain(composed: DictConfig) -> Config:
    """The config as plain mappings and lists, every reference resolved; beyond the commands there is no `DictConfig`.

    The secrets of addresses are not in it: see `pipeline.address`.

    Raises:
        InputError: a value is missing, or refers to one that does not exist.
    """
    try:
        config = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        key = error.full_key
        reason = first_line(error.msg)
        raise InputError(f"{key}: {reason}. Give it a value: {key}=…{_literally(composed, str(key))}") from error
    assert isinstance(config, dict)
    config = without_secrets(config)
    directory = (config.get("dataset") or {}).get("dir")
    if isinstance(directory, str) and directory:
        # A relative path must mean the same when the run is resumed in another directory.
        config["dataset"]["dir"] = str(Path(directory).expanduser().absolute())
    return {str(key): value for key, value in config.items()}


def task_config(composed: DictConfig) -> Config:
    """The config without Hydra's own part, as plain mappings and lists, every reference resolved.

    Raises:
        InputError: a value is missing, or refers to one that does not exist.
    """
    return plain(OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"]))


def choices_of(hydra: DictConfig) -> dict[str, str | None]:
    """The option that was chosen of each config group, such as `model: conv`; None where none was.

    Args:
        hydra: Hydra's own part of what it composed, which a job has from `HydraConfig.get()`.
    """
    choices = hydra.runtime.choices
    return {str(group): option for group, option in sorted(choices.items()) if not str(group).startswith("hydra/")}


def training_config(overrides: Sequence[str]) -> Config:
    """What a training of these overrides composes, with `CHOICES`. To be called while Hydra is at work."""
    composed = compose(TRAIN.name, list(overrides), return_hydra_config=True)
    return task_config(composed) | {CHOICES: choices_of(composed.hydra)}


def where_it_was_typed() -> None:
    """Go back to the directory of the command, whatever `hydra.job.chdir` says: relative paths are meant from there."""
    os.chdir(HydraConfig.get().runtime.cwd)


def _literally(composed: DictConfig, key: str) -> str:
    """How to type a text that was taken for a reference, as the end of a message; empty if the value is none."""
    text = flatten(OmegaConf.to_container(composed)).get(key)  # type: ignore[arg-type]
    return f". Or if that is the text itself: {argument(key, text)}" if isinstance(text, str) and "${" in text else ""


def null_listed(line: str) -> str:
    """An override with `a=choice(null,3)`, which Hydra refuses, as `a=null,3`, which is the same."""
    choice = re.fullmatch(r"([^=]+=)choice\(([^()]*,[^()]*)\)", line)
    nothing = choice and "null" in [each.strip() for each in choice[2].split(",")]
    return f"{choice[1]}{choice[2]}" if choice and nothing else line


def name_of(overrides: Sequence[str], hydra: DictConfig, config: Config) -> str:
    """The name of a run: what the overrides changed. To be called while Hydra is at work.

    Args:
        overrides: of the command line.
        hydra: Hydra's own part of what they compose.
        config: what they compose.
    """
    groups, values = choices_and_values(
        OverridesParser.create().parse_overrides(list(overrides)), hydra.runtime.choices
    )
    groups = [each for each in groups if _is_trained(each.key_or_group)]
    search = search_path(None, hydra.overrides.hydra)
    default = compose(TRAIN.name, search, return_hydra_config=True)
    chosen_alone = compose(TRAIN.name, [*search, *(each.input_line for each in groups)]) if groups else default
    before = flatten(task_config(chosen_alone))
    after = flatten(config)
    if after.get("init") and "@" not in str(after["init"]):
        after["init"] = str(after["init"])[:8]  # enough of an id to tell it by
    changed = [each.key_or_group for each in values]
    chosen = {each.key_or_group: str(each.value()) for each in groups}
    return run_name(
        {group: option for group, option in chosen.items() if default.hydra.runtime.choices.get(group) != option},
        {key: after[key] for key in changed if after.get(key) != before.get(key) and _is_trained(key)},
    )


def _is_trained(key: str) -> bool:
    """Whether a key or group changes what is trained."""
    return not f"{key}.".startswith(OUTSIDE_TRAINING)


def choices_and_values(overrides: Sequence[Override], groups: Container[str]) -> tuple[list[Override], list[Override]]:
    """The overrides that choose an option of a group, and those that set a value; deletions are neither."""
    kept = [each for each in overrides if not each.is_delete() and not each.key_or_group.startswith("hydra")]
    choices = [each for each in kept if each.key_or_group in groups]
    return choices, [each for each in kept if each not in choices]
