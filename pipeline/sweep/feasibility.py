"""A search space is feasible if its points can be trained: some of them are built before the first trial begins."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
from hydra.errors import HydraException
from hydra.types import HydraContext
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from pipeline.config.build import trusted_of
from pipeline.config.composition import TRAIN, task_config
from pipeline.config.explanation import explain
from pipeline.config.names import Config
from pipeline.errors import InputError
from pipeline.sweep.refusal import check_each
from pipeline.sweep.space.distribution import Value
from pipeline.sweep.space.space import Space, key_of, overrides_of, point_name
from pipeline.sweep.space.value_sources import uniform
from pipeline.sweep.study.plan import Plan

if TYPE_CHECKING:
    from pipeline.data.images import ImageData

POINTS = 40
"""Points of a space that are checked: corners first, then others at random. All must be checked within seconds."""
PLANNED_POINTS = 100
"""Points that are checked at most where it is known in advance which will be trained."""
SPARE_DRAWS = 5
"""Points that are drawn beyond `POINTS`, as some are equal to corners."""


@dataclass(frozen=True)
class Feasibility:
    """The result of the check of a search space.

    Attributes:
        points: the number of points that were checked.
        parameters: the parameters of the smallest and of the largest network.
        memory: gigabytes that the most demanding training is estimated to take.
        flop: estimated floating-point operations of each training, by `key_of` its point.
    """

    points: int
    parameters: tuple[int, int]
    memory: float
    flop: dict[str, float]


def points_to_check(space: Space, seed: int, planned: Sequence[dict[str, Value]] = ()) -> list[dict[str, Value]]:
    """Choose the points of a space to check, each once: its corners, the planned points, and others at random.

    Args:
        space: the search space.
        seed: the seed of the random points.
        planned: points that will certainly be trained; if they are more than `POINTS`, so many are chosen in all.
    """
    corners = islice(space.corners(), POINTS)
    generators = (np.random.default_rng([seed, index]) for index in range(POINTS + SPARE_DRAWS))
    others = (space.suggest(uniform(random)) for random in generators)
    unique = {key_of(point): point for point in (*corners, *planned, *others)}
    return list(unique.values())[: max(POINTS, len(planned))]


def configs_of(
    context: HydraContext, hydra_config: DictConfig, plan: Plan, points: Sequence[dict[str, Value]]
) -> list[Config]:
    """Compose the config of each point.

    Raises:
        InputError: the config of a point cannot be composed; see `check_each`.
    """

    def config_of(point: dict[str, Value]) -> Config:
        overrides = [*plan.overrides, *overrides_of(point)]
        try:
            return task_config(context.config_loader.load_sweep_config(hydra_config, overrides))
        except (HydraException, OmegaConfBaseException) as error:
            raise InputError(explain(error, overrides, TRAIN)) from error

    return check_each(_names(points), points, config_of)


def check_feasibility(plan: Plan, points: Sequence[dict[str, Value]], configs: Sequence[Config]) -> Feasibility:
    """Build the network that each point describes, and load the images that it would be trained on.

    Args:
        plan: the plan of the study.
        points: points of its space.
        configs: the config of each point.

    Raises:
        InputError: a point cannot be trained, see `check_each`, or needs more memory than is free; or an objective
            cannot be compared between trials.
    """
    from pipeline.runs.initial_weights import fresh_model
    from pipeline.runs.setup import Setup
    from pipeline.runs.trained_vae import trained_vae
    from pipeline.sweep.objectives import check_evaluated, check_objectives
    from pipeline.sweep.training_cost import TrainingCost, cost_of
    from pipeline.tracking.settings import store_of

    check_objectives(plan.settings, list(plan.space))
    known: dict[str, ImageData | InputError] = {}

    def loaded(setup: Setup, name: str) -> "ImageData":
        if name not in known:
            try:
                known[name] = setup.dataset.load()
            except InputError as error:  # kept, as it may take a minute until a server is known to be silent
                known[name] = error
        result = known[name]
        if isinstance(result, InputError):
            raise result
        return result

    @cache
    def stored(run_id: str) -> Any:
        return trained_vae(store_of(configs[0]), run_id, trusted_of(configs[0]))

    def cost(config: Config) -> TrainingCost:
        with _errors_refused():
            setup = Setup.from_config(config)  # just before its network, whose precision it sets
        data = loaded(setup, str(config["dataset"]))
        with _errors_refused():
            check_evaluated(plan.settings, setup, data)
            return cost_of(setup, fresh_model(setup, config.get("init"), data, stored), data)

    costs = check_each(_names(points), configs, cost)
    memory = [each.memory for each in costs]
    _check_memory(points[int(np.argmax(memory))], max(memory))
    parameters = [each.parameters for each in costs]
    flop = {key_of(point): each.flop for point, each in zip(points, costs, strict=True)}
    return Feasibility(len(points), (min(parameters), max(parameters)), max(memory), flop)


def _check_memory(point: dict[str, Value], memory: float) -> None:
    free = psutil.virtual_memory().available / 1e9
    if memory > free:
        raise InputError(
            f"the point {point_name(point)}: its training takes about {memory:.1f} GB, and {free:.1f} GB are free. "
            "Narrow the space, or lower training.batch_size"
        )


def _names(points: Sequence[dict[str, Value]]) -> list[str]:
    return [f"the point {point_name(point)}" for point in points]


@contextmanager
def _errors_refused() -> Iterator[None]:
    """Refuse a training whose parts or network cannot be built, whatever the error that says so."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"{type(error).__name__}: {error}") from error
