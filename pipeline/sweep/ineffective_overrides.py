"""Overrides beside `-m` that have no effect are told to the user, or refused."""

from collections.abc import Mapping, Sequence
from typing import Any

from hydra.core.override_parser.types import Override

from pipeline.config.effect import without_effect
from pipeline.config.names import Config, searched_keys, shown
from pipeline.errors import InputError


def ineffective_overrides(overrides: Sequence[Override], config: Config, launcher: str) -> list[str]:
    """Give a line for each override that has no effect in a command of several trainings, with the reason.

    Args:
        overrides: the command line.
        config: the config that the command composes to, without what varies.
        launcher: the chosen option of `hydra/launcher`.

    Raises:
        InputError: an override without effect is certainly a mistake, or what is to be trained is of a wrong type.
    """
    sweep = config["sweep"]
    _check_types(sweep)
    named = sweep.get("points") or {}
    varied = [key for own in named.values() for key in own or {}]
    varied += searched_keys(sweep.get("space"))
    varied += [each.key_or_group for each in overrides if each.is_sweep_override()]
    remarks = without_effect([each.input_line or "" for each in overrides], config, varied)
    reasons = (
        _in_a_study(sweep, launcher) if "space" in sweep else {"tracking.parent": "they get a parent run of their own"}
    )
    lines = {each.key_or_group: each.input_line for each in overrides}
    lines["hydra/launcher"] = f"hydra/launcher={launcher}"
    return remarks + [f"{lines[key]} has no effect: {reason}" for key, reason in reasons.items() if key in lines]


def _check_types(sweep: Mapping[str, Any]) -> None:
    """Refuse a space or named trainings that have no keys."""
    space, points = sweep.get("space") or {}, sweep.get("points") or {}
    typed = "On the command line each key is typed by itself: model.latent_dim=2,4,8"
    if not isinstance(space, Mapping):
        raise InputError(f"sweep.space={shown(space)}: expected keys, each with the values that it may take. {typed}")
    if not isinstance(points, Mapping):
        raise InputError(f"sweep.points={shown(points)}: expected names, each with the keys of a training. {typed}")
    for name, own in points.items():
        if not isinstance(own, Mapping | None):
            raise InputError(
                f"sweep.points.{name}={shown(own)}: expected keys and values, such as {{model.latent_dim: 2}}. {typed}"
            )


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
