"""The recorded scores of single images: read from a run, and the commands that add them to runs that have none."""

import shlex
from collections.abc import Sequence

import yaml

from pipeline.config.names import flatten, hydra_literal
from pipeline.errors import InputError
from pipeline.evaluation.image_scores import ImageScores
from pipeline.places import CONF, python
from pipeline.runs.recorded_config import recorded_config
from pipeline.tracking.run_files import artifact_bytes
from pipeline.tracking.store import Store
from pipeline.tracking.store_address import store_override


def recorded_scores(store: Store, run_id: str, split: str) -> ImageScores | None:
    """Read the scores of the images of a split that a run has recorded; None where it has recorded none.

    Raises:
        InputError: the file is damaged, or cannot be fetched.
    """
    name = ImageScores.name_of(split)
    content = artifact_bytes(store, run_id, name)
    return None if content is None else ImageScores.read(content, f"{name} of run {run_id}")


def evaluate_commands(store: Store, run_ids: Sequence[str], split: str, trusted: Sequence[str] = ()) -> list[str]:
    """Give the commands that add the scores of single images to runs: one for all that have settings in common.

    Args:
        store: that has the runs.
        run_ids: of the runs.
        split: whose scores are to be added.
        trusted: packages that their data sets may come from.
    """
    packages = [f"trusted=[{','.join(trusted)}]"] if trusted else []
    by_settings: dict[tuple[str, ...], list[str]] = {}
    for run_id in run_ids:
        by_settings.setdefault(tuple(_settings(store, run_id, split)), []).append(run_id)
    commands = []
    for settings, ids in by_settings.items():
        words = " ".join(map(shlex.quote, [*settings, *packages]))
        run = ids[0] if len(ids) == 1 else "$run"
        command = f"{python()} -m pipeline.evaluate run={run}{store_override(store.uri)}{' ' * bool(words)}{words}"
        commands.append(command if len(ids) == 1 else f"for run in {' '.join(ids)}; do {command}; done")
    return commands


def _settings(store: Store, run_id: str, split: str) -> list[str]:
    """Give the overrides by which a run is evaluated with its own settings: what is not default among them."""
    default = flatten(yaml.safe_load((CONF / "evaluation" / "default.yaml").read_text()))
    try:
        own = flatten(recorded_config(store, run_id).get("evaluation") or {})
    except InputError:  # it says so when it is evaluated
        own = {}
    asked = default | {key: value for key, value in own.items() if key in default} | {"split": split}
    return [f"evaluation.{key}={hydra_literal(asked[key])}" for key in default if asked[key] != default[key]]
