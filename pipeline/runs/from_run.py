"""The config of a run as the overrides that compose it, so that another training can start from there."""

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import MissingConfigException

from pipeline.config.build import locate
from pipeline.config.composition import CHOICES, TRAIN, plain, search_path, training_config
from pipeline.config.hydra_internals import command_line
from pipeline.config.names import Config, hydra_literal, searched_keys, shown
from pipeline.errors import InputError
from pipeline.places import CONF
from pipeline.runs.recorded_config import recorded_config
from pipeline.tracking.settings import store_of

KEY = "from"
PARTS = ("dataset", "model", "likelihood", "objective", "training", "evaluation", "pictures")
"""The parts of a config that a training starts with; where it is recorded is its own affair."""
_MISSING = object()


def expanded(arguments: Sequence[str]) -> list[str]:
    """A command line with the overrides that compose a run's config in the place of `from=<run id>`.

    These are the option that the run recorded of each config group, and then each value that differs from the option's.
    An override beside `from=` replaces the run's.

    A run of an earlier version recorded no choices. Then a group has the option whose file names the class (`_target_`)
    or data set (`name`) that the run's config has, or else its default. The values make up for whatever else differs.

    Raises:
        InputError: there is no such run, an option that it was trained with is gone, or the rest of the line cannot be
            joined with it.
    """
    position = next(index for index, each in enumerate(arguments) if each.startswith(f"{KEY}="))
    run_id = arguments[position].partition("=")[2]
    line = command_line([each for index, each in enumerate(arguments) if index != position])
    beside = OverridesParser.create().parse_overrides(line.overrides)
    for each in beside:
        if each.key_or_group in (KEY, "experiment", "resume"):
            raise InputError(
                f"{each.input_line}: {KEY}={run_id} already says what to start with. Leave one of the two out"
            )
    with initialize_config_dir(str(TRAIN.root), version_base="1.3"):
        where = [each.input_line for each in beside if each.key_or_group == "tracking.uri"]
        store = store_of(plain(compose(TRAIN.name, where)))
        run_id = store.run(run_id).info.run_id
        config = {} if store.children(run_id) else recorded_config(store, run_id)
        if not set(PARTS) <= set(config):
            raise InputError(f"{KEY}={run_id}: this run is not one training. Name one below it")
        ours = list(_overrides(run_id, config, beside, search_path(line.config_dir, line.overrides)))
    return [*arguments[:position], *ours, f"++tracking.tags.{KEY}={run_id}", *arguments[position + 1 :]]


def _overrides(run_id: str, config: Config, beside: Sequence[Override], search: Sequence[str]) -> Iterator[str]:
    """What composes the config, without what is chosen beside it."""
    groups = training_config(search)[CHOICES]
    others = [*search, *(each.input_line or "" for each in beside if _is_choice(each, groups))]
    space = training_config(others)["sweep"].get("space")
    chosen = [each.key_or_group.replace("/", ".") for each in beside] + searched_keys(space)
    options = [
        f"{group}={shown(option)}"
        for group, option in (config.get(CHOICES) or _identified(config, groups)).items()
        if group.split("/")[0] in PARTS and not _is_chosen(group.replace("/", "."), chosen)
    ]
    yield from options
    base = _composed(run_id, options, others)
    yield from _changes({part: base[part] for part in PARTS}, {part: config[part] for part in PARTS}, chosen)
    experiment = config["tracking"]["experiment"]
    if experiment != config["dataset"]["name"] and "tracking.experiment" not in chosen:
        yield f"tracking.experiment={hydra_literal(experiment)}"


def _is_choice(override: Override, groups: Container[str]) -> bool:
    """Whether an override chooses one option of a group, or sets what `sweep` needs, such as the name of a study."""
    key = override.key_or_group
    return (key in groups or key.startswith(("sweep.", "sweep/"))) and not override.is_sweep_override()


def _composed(run_id: str, options: Sequence[str], others: Sequence[str]) -> Config:
    """What the recorded options compose, beside other overrides."""
    try:
        return training_config([*others, *options])
    except MissingConfigException as error:
        group, _, name = str(error.missing_cfg_file).rpartition("/")
        if f"{group}={name}" not in options:
            raise
        raise InputError(
            f"{KEY}={run_id}: this run was trained with {group}={name}, and there is no such option here. Add the "
            f"--config-dir that has it, or choose another: {group}=…"
        ) from error


def _identified(config: Config, groups: Mapping[str, Any]) -> dict[str, str]:
    """The options that the classes and the name of the data set in a config without recorded choices tell."""
    found: dict[str, str] = {}
    for group in groups:
        node: Any = config
        for name in group.split("/"):
            node = node.get(name) or {}
        for file in sorted((CONF / group).glob("*.yaml")):
            option = yaml.safe_load(file.read_text())
            identity = {key: option[key] for key in ("_target_", "name") if key in option}
            if identity and identity.items() <= node.items():
                found.setdefault(group, file.stem)
    return found


def _changes(
    base: Mapping[str, Any], target: Mapping[str, Any], chosen: Sequence[str], path: str = ""
) -> Iterator[str]:
    """The overrides that make the target mapping of the base, where nothing else is chosen."""
    for name in dict.fromkeys([*base, *target]):
        key = f"{path}{name}"
        before = base.get(name, _MISSING)
        now = target.get(name, _MISSING)
        if _is_chosen(key, chosen) or (name == "_target_" and _are_one(before, now)):
            continue
        if isinstance(before, Mapping) and isinstance(now, Mapping):
            yield from _changes(before, now, chosen, f"{key}.")
        elif now is _MISSING:
            yield f"~{key}"
        elif before != now:
            yield f"{'++' if before is _MISSING else ''}{key}={hydra_literal(now)}"


def _are_one(before: object, now: object) -> bool:
    """Whether two targets are one class, which earlier versions had elsewhere or under another name."""
    try:
        return locate(before, "before") is locate(now, "now")
    except InputError:
        return False


def _is_chosen(key: str, chosen: Sequence[str]) -> bool:
    return any(key == each or key.startswith(f"{each}.") for each in chosen)
