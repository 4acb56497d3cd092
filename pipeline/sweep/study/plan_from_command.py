"""A command's plan has the preset's search space, in which the command line fixes some keys and widens others."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from optuna.distributions import CategoricalDistribution

from pipeline.config.build import build, trusted_of
from pipeline.config.composition import OUTSIDE_TRAINING
from pipeline.config.names import Config, flatten, shown
from pipeline.errors import InputError
from pipeline.sweep.sampling import check_sampler, sampler_of
from pipeline.sweep.settings import StudySettings
from pipeline.sweep.space.distribution import Value
from pipeline.sweep.space.grammar import distribution_of, space_of
from pipeline.sweep.space.space import Space
from pipeline.sweep.study.plan import Plan

TRIAL_DEFAULTS = {"pictures": "cards", "evaluation.split": "validation"}
"""Settings of trials that differ from those of a single training, unless the command line sets them.

Cards are what the study's page shows, and a study must not choose by the test split.
"""


def plan_of(
    config: Config, overrides: Sequence[Override], parser: OverridesParser, choices: Mapping[str, str | None]
) -> Plan:
    """Make the plan that a command and its preset ask for.

    Args:
        config: the config that the command composes to, resolved.
        overrides: the command line.
        parser: Hydra's parser of overrides.
        choices: the chosen option of each config group.

    Raises:
        InputError: naming the key, the value and the cure.
    """
    node = dict(config["sweep"])
    sampler = node.pop("sampler")
    node.pop("points", None)  # a preset's named trainings, for -m without a study
    trusted = trusted_of(config)
    settings: StudySettings = build(node, "sweep", ["optuna", *trusted], expected=StudySettings)
    composed = {key: shown(value) for key, value in {**flatten(config), **choices}.items()}
    space = _settled(_overridden(space_of(settings.space, parser), overrides), composed)
    if not space:
        raise InputError(
            f"sweep.study={settings.study}: nothing is searched. Name keys and values, such as model.latent_dim=2,8,32 "
            "'training.learning_rate=tag(log, interval(1e-4, 1e-2))'"
        )
    _check_replicates(settings, space)
    check_sampler(sampler_of(sampler, settings.seed), space, settings.directions)
    settings = replace(settings, enqueue=[_known(space, point) for point in settings.enqueue])
    keys = list(space)
    shared = [each.input_line or "" for each in overrides if each.key_or_group not in (*keys, "resume")]
    decisive = {key: value for key, value in flatten(config).items() if _is_decisive(key)}
    overridden = {each.key_or_group for each in overrides}
    own = {key: value for key, value in TRIAL_DEFAULTS.items() if key not in overridden}
    decisive |= {key: value for key, value in own.items() if key in decisive}
    fixed = {key: value for key, value in decisive.items() if key not in keys}
    defaults = [f"{key}={value}" for key, value in own.items()]
    return Plan(settings, sampler, space, [*defaults, *shared], fixed, trusted)


def _is_decisive(key: str) -> bool:
    """Tell whether a setting decides what a trial comes to: how it is trained, and how it is evaluated."""
    return key.startswith("evaluation.") or not key.startswith(OUTSIDE_TRAINING)


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


def _overridden(space: Space, overrides: Sequence[Override]) -> Space:
    """Give the space in which the command line has fixed some keys and widened others."""
    fixed = {each.key_or_group: shown(each.value()) for each in overrides if not each.is_sweep_override()}
    conditional = set(space) - set(space.dimensions)
    space = space.without({key: value for key, value in fixed.items() if key not in conditional})
    for key, value in fixed.items():
        if key in list(space):  # the key has this value, but only where it exists
            space = space.widened(key, CategoricalDistribution([value]))
    for each in overrides:
        if each.is_sweep_override():
            known = each.key_or_group in list(space)
            key = each.key_or_group if known else each.get_key_element()  # with its +, which adds a key to the config
            space = space.widened(key, distribution_of(each))
    return space


def _settled(space: Space, composed: Mapping[str, str]) -> Space:
    """Give the space without conditions on keys that are not searched, as the config settles whether these hold.

    Raises:
        InputError: a condition can never hold.
    """
    space = space.without({key: value for key, value in composed.items() if key not in list(space)})
    for condition in space.impossible():
        raise InputError(
            f"sweep.space.{condition}: this condition never holds, so the keys below it would never be searched. "
            "Expected a key of the space and one of its choices, or a setting"
        )
    return space
