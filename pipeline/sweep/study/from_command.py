"""What a command asks a study to do: the preset's space, fixed and widened by the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from optuna.distributions import CategoricalDistribution

from pipeline.config.build import build, check_value
from pipeline.config.composition import OUTSIDE_TRAINING
from pipeline.config.names import Config, flatten, shown
from pipeline.config.values import Text
from pipeline.errors import InputError
from pipeline.sweep.sampling import check_sampler, sampler_of
from pipeline.sweep.settings import StudySettings
from pipeline.sweep.space.distribution import Value
from pipeline.sweep.space.grammar import distribution_of, space_of
from pipeline.sweep.space.space import Space
from pipeline.sweep.study.plan import Plan

OF_TRIALS = {"pictures": "cards", "evaluation.split": "validation"}
"""What is otherwise in trials than in a training alone, unless the command line chooses."""


def plan_of(
    config: Config, typed: Sequence[Override], parser: OverridesParser, choices: Mapping[str, str | None]
) -> Plan:
    """What the command and the preset ask for.

    Args:
        config: what the command composed, resolved.
        typed: the command line.
        parser: Hydra's.
        choices: the option of each config group.

    Raises:
        InputError: naming the key, the value and the cure.
    """
    node = dict(config["sweep"])
    sampler = node.pop("sampler")
    node.pop("points", None)  # of a preset, for -m without a study
    trusted = check_value(config["trusted"], list[Text], "trusted")
    settings: StudySettings = build(node, "sweep", ["optuna", *trusted], expected=StudySettings)
    composed = {key: shown(value) for key, value in {**flatten(config), **choices}.items()}
    space = _settled(_with_typed(space_of(settings.space, parser), typed), composed)
    if not space:
        raise InputError(
            f"sweep.study={settings.study}: nothing is searched. Name keys and values, such as model.latent_dim=2,8,32 "
            "'training.learning_rate=tag(log, interval(1e-4, 1e-2))'"
        )
    _check_replicates(settings, space)
    check_sampler(sampler_of(sampler, settings.seed), space, settings.directions)
    settings = replace(settings, enqueue=[_known(space, point) for point in settings.enqueue])
    ours_to_vary = (*space, "resume")
    lines = [each.input_line or "" for each in typed if each.key_or_group not in ours_to_vary]
    fixed = {
        key: value
        for key, value in flatten(config).items()
        if not key.startswith(OUTSIDE_TRAINING) and key not in list(space)
    }
    chosen = {each.key_or_group for each in typed}
    ours = [f"{key}={value}" for key, value in OF_TRIALS.items() if key not in chosen]
    return Plan(settings, sampler, space, [*ours, *lines], fixed)


def _check_replicates(settings: StudySettings, space: Space) -> None:
    if settings.replicates > 1 and "training.seed" in list(space):
        raise InputError(
            f"sweep.replicates={settings.replicates}: the replicates of a trial differ by training.seed, which this "
            "study searches. Leave one of the two out"
        )


def _known(space: Space, point: Mapping[str, Any]) -> dict[str, Value]:
    try:
        return space.point(point)
    except InputError as error:
        raise InputError(f"sweep.enqueue: {error}") from error


def _with_typed(space: Space, typed: Sequence[Override]) -> Space:
    """The space after the command line fixed some of its keys and widened others."""
    fixed = {each.key_or_group: shown(each.value()) for each in typed if not each.is_sweep_override()}
    conditional = set(space) - set(space.dimensions)
    space = space.without({key: value for key, value in fixed.items() if key not in conditional})
    for key, value in fixed.items():
        if key in list(space):  # it has this value, but only where it exists
            space = space.widened(key, CategoricalDistribution([value]))
    for each in typed:
        if each.is_sweep_override():
            known = each.key_or_group in list(space)
            key = each.key_or_group if known else each.get_key_element()  # as typed: + adds a key to the config
            space = space.widened(key, distribution_of(each))
    return space


def _settled(space: Space, composed: Mapping[str, str]) -> Space:
    """The space without conditions on what is not searched: what they ask for is so, or it is not.

    Raises:
        InputError: a condition that can never hold.
    """
    space = space.without({key: value for key, value in composed.items() if key not in list(space)})
    for condition in space.impossible():
        raise InputError(
            f"sweep.space.{condition}: that is never so, and what stands below it would never be searched. Expected a "
            "key of the space and one of its choices, or a setting"
        )
    return space
