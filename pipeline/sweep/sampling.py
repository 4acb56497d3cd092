"""Samplers: those that learn from trials are asked for each, the others for all points at once."""

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
from pipeline.sweep.space.suggest import at_random, by_trial, having

warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)  # what presets use has proved itself


class Grid(RandomSampler):
    """Every point once; `sweep/sampler=grid`."""


def sampler_of(node: Mapping[str, Any], *seeds: int) -> BaseSampler:
    """The sampler that a config describes, with a stream of random numbers for these seeds.

    Raises:
        InputError: a wrong setting, or a package that it needs is missing.
    """
    seed = int(np.random.SeedSequence(seeds).generate_state(1)[0])
    sampler: BaseSampler = build({**node, "seed": seed}, "sweep.sampler", ["optuna"], expected=BaseSampler)
    if isinstance(sampler, GPSampler) and find_spec("torch") is None:
        raise InputError("sweep/sampler=gp: needs PyTorch, which is not installed: pip install torch; or choose tpe")
    return sampler


def check_sampler(sampler: BaseSampler, space: Space, directions: Sequence[Direction]) -> None:
    """Refuse a sampler that cannot search such a space.

    Raises:
        InputError: with what it says itself.
    """
    try:
        space.suggest(by_trial(optuna.create_study(sampler=sampler, directions=directions).ask()))
    except ValueError as error:
        raise InputError(f"sweep.sampler: {error}. Choose another: sweep/sampler=tpe") from error


def points_in_order(
    sampler: BaseSampler, space: Space, number: int, taken: Collection[str]
) -> list[dict[str, Value]] | None:
    """The points of a sampler that learns nothing, the same whoever trains them and when; None of one that learns.

    Args:
        sampler, space: which chooses, and where.
        number: of points.
        taken: `key_of` points that are not to be among them.

    Raises:
        InputError: there is no grid of the space.
    """
    if isinstance(sampler, Grid):
        return list(islice((point for point in space.grid() if key_of(point) not in taken), number))
    if not isinstance(sampler, RandomSampler | QMCSampler):
        return None
    scratch = optuna.create_study(sampler=sampler)
    points: dict[str, dict[str, Value]] = {key: {} for key in taken}
    for index in range(int(min(number, space.size() - len(taken)))):
        trial = scratch.ask()
        point = unseen(space.suggest(by_trial(trial)), points, space, index)
        points[key_of(point)] = point
        scratch.tell(trial, 0.0)
    return list(points.values())[len(taken) :]


def unseen(
    expected: dict[str, Value], taken: Collection[str], space: Space, seed: int, part: Mapping[str, Value] | None = None
) -> dict[str, Value]:
    """The suggested point, or if it is taken one near it with half of its values: equal trainings teach nothing new.

    Args:
        expected: point of the space.
        taken: `key_of` points, fewer than the space has.
        space: to choose from.
        seed: of the choice.
        part: of the expected point that is to stay, unless no such point is found in a thousand others.
    """
    random, point = np.random.default_rng(seed), expected
    other = at_random(random)

    def near(key: str, distribution: BaseDistribution) -> Value:
        return expected[key] if key in expected and random.random() < 0.5 else other(key, distribution)

    for attempt in count():
        if key_of(point) not in taken:
            break
        point = space.suggest(having(part or {}, near) if attempt < 1000 else near)
    return point
