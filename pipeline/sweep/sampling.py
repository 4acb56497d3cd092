"""Samplers choose points: those that learn from trials are asked for one point at a time, others for all at once."""

import warnings
from collections.abc import Collection, Mapping, Sequence
from importlib.util import find_spec
from itertools import count, islice
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, GPSampler, QMCSampler, RandomSampler

from pipeline.config.build import build
from pipeline.errors import InputError
from pipeline.sweep.settings import Direction
from pipeline.sweep.space.distribution import Value
from pipeline.sweep.space.space import Space, key_of
from pipeline.sweep.space.value_sources import from_trial, partly_fixed, uniform

# The presets use options that Optuna calls experimental, and the tests of this project cover them.
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
ATTEMPTS = 1000
"""Draws after which an enqueued part of a point is given up, as all points that have it are probably taken."""


class Grid(RandomSampler):
    """A grid takes every point of the space once, the last key changing fastest: `sweep/sampler=grid`."""


def sampler_of(node: Mapping[str, Any], *seeds: int) -> BaseSampler:
    """Build the sampler that a config describes, with a stream of random numbers of its own for these seeds.

    Raises:
        InputError: a setting is wrong, or a package that the sampler needs is missing.
    """
    seed = int(np.random.SeedSequence(seeds).generate_state(1)[0])
    sampler: BaseSampler = build({**node, "seed": seed}, "sweep.sampler", ["optuna"], expected=BaseSampler)
    if isinstance(sampler, GPSampler) and find_spec("torch") is None:
        raise InputError("sweep/sampler=gp: needs PyTorch, which is not installed: pip install torch; or choose tpe")
    return sampler


def check_sampler(sampler: BaseSampler, space: Space, directions: Sequence[Direction]) -> None:
    """Refuse a sampler that cannot search a space, or not for so many objectives.

    Raises:
        InputError: the message has the sampler's own reason.
    """
    try:
        space.suggest(from_trial(optuna.create_study(sampler=sampler, directions=directions).ask()))
    except ValueError as error:
        raise InputError(f"sweep.sampler: {error}. Choose another: sweep/sampler=tpe") from error


def points_in_order(
    sampler: BaseSampler, space: Space, number: int, taken: Collection[str]
) -> list[dict[str, Value]] | None:
    """Give all points of a sampler that does not learn, the same whoever trains them; None for a sampler that learns.

    Args:
        sampler: the sampler.
        space: the search space.
        number: the number of points.
        taken: `key_of` each point that is not to be among them.

    Raises:
        InputError: a grid is asked for, and a key of the space takes values of an interval.
    """
    if isinstance(sampler, Grid):
        return list(islice((point for point in space.grid() if key_of(point) not in taken), number))
    if not isinstance(sampler, RandomSampler | QMCSampler):
        return None
    scratch = optuna.create_study(sampler=sampler)
    points: dict[str, dict[str, Value]] = {key: {} for key in taken}
    for index in range(int(min(number, space.size() - len(taken)))):
        trial = scratch.ask()
        point = untried(space.suggest(from_trial(trial)), points, space, index)
        points[key_of(point)] = point
        scratch.tell(trial, 0.0)
    return list(points.values())[len(taken) :]


def untried(
    suggested: dict[str, Value],
    taken: Collection[str],
    space: Space,
    seed: int,
    fixed: Mapping[str, Value] | None = None,
) -> dict[str, Value]:
    """Give the suggested point, or where a trial has it a point near it, as an equal training teaches nothing new.

    A point near it keeps each of its values with probability 1/2, and draws the others uniformly.

    Args:
        suggested: a point of the space.
        taken: `key_of` each point that trials have; fewer than the space has.
        space: the search space.
        seed: the seed of the draws.
        fixed: the part of the suggested point that stays as it is, unless `ATTEMPTS` draws find no such point.
    """
    random = np.random.default_rng(seed)
    anywhere = uniform(random)
    point = suggested

    def near(key: str, distribution: BaseDistribution) -> Value:
        return suggested[key] if key in suggested and random.random() < 0.5 else anywhere(key, distribution)

    for attempt in count():
        if key_of(point) not in taken:
            break
        point = space.suggest(partly_fixed(fixed or {}, near) if attempt < ATTEMPTS else near)
    return point
