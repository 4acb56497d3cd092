"""Overrides beside `-m` that have no effect are told to the user, or refused."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hydra.core.override_parser.types import Override

from pipeline.config.effect import without_effect
from pipeline.config.names import Config


def ineffective_overrides(overrides: Sequence[Override], config: Config, launcher: str) -> list[str]:
    """Give a line for each override that has no effect in a command of several trainings, with the reason.

    Args:
        overrides: the command line.
        config: the config that the command composes to, without what varies.
        launcher: the chosen option of `hydra/launcher`.

    Raises:
        InputError: an override without effect is certainly a mistake.
    """
    sweep = config["sweep"]
    named = sweep.get("points") or {}
    varied = [key for own in named.values() for key in own or {}]
    varied += [*_keys(sweep.get("space") or {}), *(each.key_or_group for each in overrides if each.is_sweep_override())]
    remarks = without_effect([each.input_line or "" for each in overrides], config, varied)
    reasons = (
        _in_a_study(sweep, launcher) if "space" in sweep else {"tracking.parent": "they get a parent run of their own"}
    )
    lines = {each.key_or_group: each.input_line for each in overrides}
    lines["hydra/launcher"] = f"hydra/launcher={launcher}"
    return remarks + [f"{lines[key]} has no effect: {reason}" for key, reason in reasons.items() if key in lines]


def _in_a_study(sweep: Mapping[str, Any], launcher: str) -> dict[str, str]:
    """Give the reason for each key that has no effect in a study."""
    reasons = {
        "resume": "a study goes on by its name, with the same command",
        "tracking.name": "the run of a study is named after it, and its trials after what varies",
        "tracking.parent": "trials are below the run of their study",
    }
    if launcher == "basic" and sweep["workers"] != 1:
        reasons["sweep.workers"] = (
            "hydra/launcher=basic starts one worker after the other: add hydra/launcher=joblib, or set sweep.slots"
        )
    if launcher == "joblib" and sweep["workers"] == 1:  # of others, one job may well be what is wanted
        reasons["hydra/launcher"] = "it starts one worker: add sweep.workers=2"
    return reasons


def _keys(space: Mapping[str, Any]) -> Iterator[str]:
    """Iterate over the keys of a search space, those below conditions included."""
    for key, values in space.items():
        if isinstance(values, Mapping):
            yield from _keys(values)
        else:
            yield key
