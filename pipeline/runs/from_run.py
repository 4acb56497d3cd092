"""The config of a run as what would be typed for it, so that another training can start from there."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

from pipeline.config.composition import CONF, plain
from pipeline.config.names import Config, flatten, typed
from pipeline.errors import InputError
from pipeline.tracking.store import Store

KEY = "from"
PARTS = ("dataset", "model", "likelihood", "objective", "training", "evaluation", "pictures")
"""Of a config, what a training starts with; where it is recorded is its own affair."""
_MISSING = object()


def expanded(arguments: Sequence[str]) -> list[str]:
    """A command line with what composes a run's config in the place of `from=<run id>`; what stands beside it wins.

    Raises:
        InputError: there is no such run, or the rest of the line cannot be joined with it.
    """
    position = next(index for index, each in enumerate(arguments) if each.startswith(f"{KEY}="))
    run_id = arguments[position].partition("=")[2]
    others = [each for index, each in enumerate(arguments) if index != position]
    beside = OverridesParser.create().parse_overrides(get_args_parser().parse_known_args(others)[0].overrides)
    for each in beside:
        if each.key_or_group in (KEY, "experiment", "resume"):
            raise InputError(
                f"{each.input_line}: {KEY}={run_id} already says what to start with. Leave one of the two out"
            )
    with initialize_config_dir(str(CONF), version_base="1.3"):
        where = [each.input_line for each in beside if each.key_or_group == "tracking.uri"]
        store = Store(compose("train", where).tracking.uri)
        run_id = store.run(run_id).info.run_id
        config = yaml.safe_load(store.artifact_text(run_id, "config.yaml"))
        if not set(PARTS) <= set(config):
            raise InputError(f"{KEY}={run_id}: this run is not one training. Name one below it")
        ours = list(_overrides(config, beside))
    return [*arguments[:position], *ours, f"++tracking.tags.{KEY}={run_id}", *arguments[position + 1 :]]


def _overrides(config: Config, beside: Sequence[Override]) -> Iterator[str]:
    """What composes the config, without what is chosen beside it."""
    chosen = [each.key_or_group.replace("/", ".") for each in beside]
    composed = compose("train", [each.input_line for each in beside if "." not in each.key_or_group])
    chosen += _searched(plain(composed)["sweep"].get("space") or {})
    groups = compose("train", return_hydra_config=True).hydra.runtime.choices
    options = [
        f"{group}={_most_alike(group, config)}"
        for group in groups
        if group.split("/")[0] in PARTS and not _is_chosen(group.replace("/", "."), chosen)
    ]
    yield from options
    sets = [each.input_line for each in beside if each.key_or_group in groups and not each.is_sweep_override()]
    base = plain(compose("train", [*options, *sets]))
    yield from _changes({part: base[part] for part in PARTS}, {part: config[part] for part in PARTS}, chosen)
    experiment = config["tracking"]["experiment"]
    if experiment != config["dataset"]["name"] and "tracking.experiment" not in chosen:
        yield f"tracking.experiment={typed(experiment)}"


def _most_alike(group: str, config: Config) -> str:
    """The option of a group that has most in common with the config: whose keys it has."""
    node: Any = config
    for name in group.split("/"):
        node = node[name]
    expected = flatten(node, targets=True)

    def likeness(option: Path) -> int:
        leaves = flatten(yaml.safe_load(option.read_text()), targets=True)
        return sum(
            1 if expected.get(key, _MISSING) == value else -1 for key, value in leaves.items() if key in expected
        )

    return max(sorted((CONF / group).glob("*.yaml")), key=likeness).stem


def _changes(
    base: Mapping[str, Any], expected: Mapping[str, Any], chosen: Sequence[str], path: str = ""
) -> Iterator[str]:
    """What makes the expected mapping of the other one, where nothing else is chosen."""
    for name in dict.fromkeys([*base, *expected]):
        key, before, now = f"{path}{name}", base.get(name, _MISSING), expected.get(name, _MISSING)
        if _is_chosen(key, chosen):
            continue
        if isinstance(before, Mapping) and isinstance(now, Mapping):
            yield from _changes(before, now, chosen, f"{key}.")
        elif now is _MISSING:
            yield f"~{key}"
        elif before != now:
            yield f"{'++' if before is _MISSING else ''}{key}={typed(now)}"


def _is_chosen(key: str, chosen: Sequence[str]) -> bool:
    return any(key == each or key.startswith(f"{each}.") for each in chosen)


def _searched(space: Mapping[str, Any]) -> list[str]:
    """The keys of a sweep's space, those that do not always exist included."""
    inner = [key for value in space.values() if isinstance(value, Mapping) for key in _searched(value)]
    return [key.replace("/", ".") for key, value in space.items() if not isinstance(value, Mapping)] + inner
