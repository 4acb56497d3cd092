"""Samplers: those that learn from trials are asked for each, the others for all points at once."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np
import optuna
from optuna.samplers import BaseSampler, QMCSampler, RandomSampler

from pipeline.build import build
from pipeline.sweep.space import Space, Value


class Grid(RandomSampler):
    """Every point once; `sweep/sampler=grid`."""


def sampler_of(node: Mapping[str, Any], *seeds: int) -> BaseSampler:
    """The sampler that a config describes, with a stream of random numbers for these seeds.

    Raises:
        InputError: a wrong setting, or a package that it needs is missing.
    """
    seed = int(np.random.SeedSequence(seeds).generate_state(1)[0])
    return build({**node, "seed": seed}, "sweep.sampler", ["optuna"], wanted=BaseSampler)


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
