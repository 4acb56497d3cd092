"""What is typed beside `-m` and has no effect."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hydra.core.override_parser.types import Override

from pipeline.config.effect import without_effect
from pipeline.config.names import Config


def idle_of_several(typed: Sequence[Override], config: Config, launcher: str) -> list[str]:
    """What has no effect in a command that trains several, and why, each in a line.

    Args:
        typed: the command line.
        config: that it composes to, but for what varies.
        launcher: the option of `hydra/launcher`.

    Raises:
        InputError: that is certainly a mistake.
    """
    sweep = config["sweep"]
    points = sweep.get("points") or {}
    varied = [key for point in points.values() for key in point or {}]
    varied += [*_keys(sweep.get("space") or {}), *(each.key_or_group for each in typed if each.is_sweep_override())]
    remarks = without_effect([each.input_line or "" for each in typed], config, varied)
    why = (
        _of_a_study(sweep, launcher) if "space" in sweep else {"tracking.parent": "they get a parent run of their own"}
    )
    given = {each.key_or_group: each.input_line for each in typed} | {"hydra/launcher": f"hydra/launcher={launcher}"}
    return remarks + [f"{given[key]} has no effect: {reason}" for key, reason in why.items() if key in given]


def _of_a_study(sweep: Mapping[str, Any], launcher: str) -> dict[str, str]:
    """Keys that have no effect in a study, and why."""
    why = {
        "resume": "a study goes on by its name, with the same command",
        "tracking.name": "the run of a study is named after it, and its trials after what varies",
        "tracking.parent": "trials are below the run of their study",
    }
    if launcher == "basic" and sweep["workers"] != 1:
        why["sweep.workers"] = (
            "hydra/launcher=basic starts one after the other: add hydra/launcher=joblib, or sweep.slots"
        )
    if launcher != "basic" and sweep["workers"] == 1:
        why["hydra/launcher"] = "it starts one job: add sweep.workers=2"
    return why


def _keys(space: Mapping[str, Any]) -> Iterator[str]:
    for key, values in space.items():
        if isinstance(values, Mapping):
            yield from _keys(values)
        else:
            yield key
