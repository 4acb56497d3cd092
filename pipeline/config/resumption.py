"""A command that goes on with a run decides few keys anew; all others are those of the run's record."""

from collections.abc import Mapping
from typing import Any

from pipeline.config.names import Config, flatten

DECIDED_ANEW = ("trusted", "tracking.uri", "tracking.offline", "tracking.checkpoint_minutes")
"""The keys beside `resume`: whom the user trusts now, where the run is recorded now, when its checkpoint is sent."""


def decided_anew(config: Config) -> dict[str, Any]:
    """Give the value of each key of `DECIDED_ANEW` that a command's config has."""
    values = flatten(config)
    return {key: values[key] for key in DECIDED_ANEW if key in values}


def gone_on_with(recorded: Config, values: Mapping[str, Any]) -> Config:
    """Give the config of a run that goes on: the recorded one with the values that `decided_anew` gave."""
    config = {**recorded, "tracking": dict(recorded["tracking"])}
    for key, value in values.items():
        group, _, name = key.rpartition(".")
        (config[group] if group else config)[name] = value
    return config
