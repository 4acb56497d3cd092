"""A study's definition is what must not change while it goes on, as its trials could not be compared otherwise."""

import json
from collections.abc import Mapping
from typing import Any

import optuna

from pipeline.errors import InputError
from pipeline.metric_names import current, under_current_names
from pipeline.runs.recorded_config import MODEL_KEYS_SINCE
from pipeline.sweep.study.plan import Plan

DEFINITION = "question"
"""The user attribute of a study that keeps its definition, under the name that earlier versions stored."""


def definition_of(plan: Plan) -> dict[str, Any]:
    """Give the definition of a planned study: space, objectives, replicates, and all settings that are not searched."""
    settings = plan.settings
    return {
        "space": plan.space.described(),
        "objective": dict(zip(settings.objective, settings.directions, strict=True)),
        "prune_by": settings.prune_by,
        "replicates": settings.replicates,
        "config": dict(plan.fixed),
    }


def check_definition(study: optuna.Study, plan: Plan) -> None:
    """Store the definition of a study that is new, and compare it with that of a study that goes on.

    Raises:
        InputError: the stored definition differs; the message has both values of each setting.
    """
    now = definition_of(plan)
    before = study.user_attrs.get(DEFINITION)
    if before is None:
        study.set_metric_names(plan.settings.objective)
        study.set_user_attr(DEFINITION, now)
        return
    of_today = _of_today(before, now)
    if differences := _differences(of_today, json.loads(json.dumps(now))):  # as a storage keeps it
        name = plan.settings.study
        raise InputError(
            f"sweep.study={name}: a study of this name exists, and its settings differ:\n{differences}\n"
            f"Set them back, or begin another study: sweep.study={name}_2"
        )
    if of_today["config"].keys() - before["config"].keys():  # so that it is the same for the next command
        study.set_user_attr(DEFINITION, {**before, "config": of_today["config"]})


def _of_today(definition: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Give a stored definition with the names that metrics have today, and with the settings that it did not have."""
    newer = {f"model.{key}": value for key, value in MODEL_KEYS_SINCE.items()}
    since = {key: value for key, value in newer.items() if key in now["config"]}
    # How trials are evaluated was no part of a definition.
    since |= {key: value for key, value in now["config"].items() if key.startswith("evaluation.")}
    return {
        **definition,
        "config": since | definition["config"],
        "objective": under_current_names(definition["objective"]),
        "prune_by": current(definition["prune_by"]),
    }


def _differences(before: Mapping[str, Any], now: Mapping[str, Any], path: str = "") -> str:
    lines = []
    for key in dict.fromkeys([*before, *now]):
        old, new = before.get(key), now.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            lines.append(_differences(old, new, f"{path}{key}: "))
        elif old != new:
            lines.append(f"  {path}{key}: {old} before, {new} now")
    return "\n".join(line for line in lines if line)
