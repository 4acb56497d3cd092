"""The recorded config of a run: everything that it was trained with, as it was composed."""

from typing import Any

import yaml

from pipeline.config.names import Config
from pipeline.errors import InputError
from pipeline.text.wording import first_line
from pipeline.tracking.run import Run
from pipeline.tracking.run_files import artifact_text
from pipeline.tracking.store import Store

_FILE = "config.yaml"
"""The artifact of a run that is its config."""
_KEYS_SINCE: dict[str, dict[str, Any]] = {
    "tracking": {"checkpoint_minutes": None},
    "evaluation": {
        **{"linear_probe": None, "samples": None, "annealing_steps": None, "annealing_images": 100},
        "factor_samples": 10000,  # data had no factors, so that any number would do
    },
}
"""Keys that earlier versions did not have, with the values at which a training is what it was then."""
MODEL_KEYS_SINCE: dict[str, Any] = {"conditional": False, "levels": None}
"""Likewise those of our architectures."""
_ARCHITECTURES = ("pipeline.models.dense.Dense", "pipeline.models.conv.Conv")
"""Our architectures; users' own may have none of these keys to this day."""
_FORMER_OBJECTIVE = "pipeline.models.objective.Objective"
_OBJECTIVE = "pipeline.models.objectives.weighted_elbo.WeightedElbo"
_SCHEDULES = "pipeline.models.objectives.weight_schedule"


def record_config(run: Run, config: Config) -> None:
    """Record the composed config of a run among its artifacts."""
    run.file(_FILE, yaml.safe_dump(config, sort_keys=False))


def recorded_config(store: Store, run_id: str) -> Config:
    """Read the config that a run has recorded, with all keys of today.

    Args:
        store: that has the run.
        run_id: the whole id of the run.

    Raises:
        InputError: the run has recorded no config, or a damaged one.
    """
    return parsed_config(artifact_text(store, run_id, _FILE), f"{_FILE} of run {run_id}")


def parsed_config(text: str, name: str) -> Config:
    """Parse a recorded config, with all keys of today.

    Args:
        text: in YAML.
        name: of the file, for the message.

    Raises:
        InputError: it is no config.
    """
    try:
        config = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{name} is damaged ({first_line(error)}). Put a copy of it back") from error
    groups = (*_KEYS_SINCE, "objective", "model")
    if not isinstance(config, dict) or not all(isinstance(config.get(group, {}), dict) for group in groups):
        raise InputError(f"{name} is damaged: it has no config. Put a copy of it back")
    config |= {group: keys | config.get(group, {}) for group, keys in _KEYS_SINCE.items() if group in config}
    if config.get("model", {}).get("_target_") in _ARCHITECTURES:
        config["model"] = MODEL_KEYS_SINCE | config["model"]
    return config | ({"objective": _of_today(config["objective"])} if "objective" in config else {})


def _of_today(objective: Config) -> Config:
    """Name the objective as today; earlier versions had one, whose warm-up was a setting of its own."""
    if objective.get("_target_") != _FORMER_OBJECTIVE:
        return objective
    kept = {key: value for key, value in objective.items() if key not in ("_target_", "warmup_epochs")}
    epochs = objective.get("warmup_epochs")
    rise = {"_target_": f"{_SCHEDULES}.Warmup", "of": None, "epochs": epochs}
    schedule = rise if epochs else {"_target_": f"{_SCHEDULES}.Constant", "of": None}
    return {"schedule": schedule, "_target_": _OBJECTIVE} | kept
