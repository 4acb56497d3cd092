"""Samplers: those that learn from trials are asked for each, the others for all points at once."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from itertools import islice
from typing import Any

import numpy as np
import optuna
from optuna.samplers import BaseSampler, GPSampler, QMCSampler, RandomSampler

from pipeline.build import build
from pipeline.errors import InputError
from pipeline.sweep.settings import Direction
from pipeline.sweep.space import Space, Value


class Grid(RandomSampler):
    """Every point once; `sweep/sampler=grid`."""


def sampler_of(node: Mapping[str, Any], *seeds: int) -> BaseSampler:
    """The sampler that a config describes, with a stream of random numbers for these seeds.

    Raises:
        InputError: a wrong setting, or a package that it needs is missing.
    """
    seed = int(np.random.SeedSequence(seeds).generate_state(1)[0])
    sampler: BaseSampler = build({**node, "seed": seed}, "sweep.sampler", ["optuna"], wanted=BaseSampler)
    if isinstance(sampler, GPSampler) and find_spec("torch") is None:
        raise InputError("sweep/sampler=gp: needs PyTorch, which is not installed: pip install torch; or choose tpe")
    return sampler


def check_sampler(sampler: BaseSampler, space: Space, directions: Sequence[Direction]) -> None:
    """Refuse a sampler that cannot search such a space.

    Raises:
        InputError: with what it says itself.
    """
    try:
        space.suggest(optuna.create_study(sampler=sampler, directions=directions).ask())
    except ValueError as error:
        raise InputError(f"sweep.sampler: {error}. Choose another: sweep/sampler=tpe") from error


def points_in_order(sampler: BaseSampler, space: Space, number: int) -> list[dict[str, Value]] | None:
    """The points of a sampler that learns nothing, the same whoever trains them and when; None of one that learns.

    Raises:
        InputError: there is no grid of the space.
    """
    if isinstance(sampler, Grid):
        return list(islice(space.grid(), number))
    if not isinstance(sampler, RandomSampler | QMCSampler):
        return None
    scratch, points = optuna.create_study(sampler=sampler), []
    for _ in range(number):
        trial = scratch.ask()
        points.append(space.suggest(trial))
        scratch.tell(trial, 0.0)
    return points
