"""Every corner of a space composed, checked and built before the first trial: none fails for what is known now."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import cache
from itertools import islice
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

import numpy as np
import psutil
from hydra.errors import HydraException
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from pipeline.config.composition import TRAIN, plain
from pipeline.config.explanation import explain
from pipeline.config.names import Config
from pipeline.errors import InputError
from pipeline.sweep.space.distribution import Value
from pipeline.sweep.space.space import Space, key_of, overrides_of, point_name
from pipeline.sweep.space.suggest import at_random
from pipeline.sweep.study.plan import Plan

if TYPE_CHECKING:
    from pipeline.data.images import ImageData
    from pipeline.models.vae import VAE
    from pipeline.runs.setup import Experiment

POINTS, MOST = 40, 100
"""How many points are looked at: corners first, then others at random; more if they are certain to be trained."""


@dataclass(frozen=True)
class Look:
    """What the points of a space come to.

    Attributes:
        points: how many were looked at.
        parameters: of the smallest and of the largest network.
        memory: gigabytes that the most demanding training is estimated to take.
        work: floating-point operations of each training, by `key_of` its point.
    """

    points: int
    parameters: tuple[int, int]
    memory: float
    work: dict[str, float]


def points_of(space: Space, seed: int, planned: Sequence[dict[str, Value]] = ()) -> list[dict[str, Value]]:
    """Corners of a space, points that are certain to be trained, and some others within; each once."""
    corners = islice(space.corners(), POINTS)
    inner = (space.suggest(at_random(np.random.default_rng([seed, index]))) for index in range(POINTS + 5))
    unique = {key_of(point): point for point in (*corners, *planned, *inner)}
    return list(unique.values())[: max(POINTS, len(planned))]


def composed(context: HydraContext, master: DictConfig, plan: Plan, points: Sequence[dict[str, Value]]) -> list[Config]:
    """The config of each point.

    Raises:
        InputError: naming the point that does not compose, and why.
    """
    configs = []
    for point in points:
        overrides = [*plan.overrides, *overrides_of(point)]
        with _named(point):
            try:
                config = context.config_loader.load_sweep_config(master, overrides)
            except (HydraException, OmegaConfBaseException) as error:
                raise InputError(explain(error, overrides, TRAIN)) from error
            configs.append(plain(OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])))
    return configs


def look(plan: Plan, points: Sequence[dict[str, Value]], configs: Sequence[Config]) -> Look:
    """Build what each point describes.

    Raises:
        InputError: naming the point and what is wrong with it; no memory for such a training; a wrong objective.
    """
    from pipeline.runs.initial_weights import fresh_model
    from pipeline.runs.setup import Experiment
    from pipeline.sweep.objectives import check_objectives, check_scored

    check_objectives(plan.settings, list(plan.space))
    weights: list[_Weight] = []
    known: dict[str, ImageData] = {}
    stored = cache(lambda run_id: experiment.tracking.connect().model(run_id))
    for point, config in zip(points, configs, strict=True):
        with _named(point):
            experiment = Experiment.from_config(config)
        name = str(config["dataset"])
        with _named(point) if known else nullcontext():  # the first images may be missing, at whatever point
            data = known[name] = known.get(name) or experiment.dataset.load()
        with _named(point):
            check_scored(plan.settings, experiment, data)
            weights.append(_weighed(experiment, fresh_model(experiment, config.get("init"), data, stored), data))
    memory = [each.memory for each in weights]
    _refuse_too_heavy(points[int(np.argmax(memory))], max(memory))
    parameters = [each.parameters for each in weights]
    work = {key_of(point): each.work for point, each in zip(points, weights, strict=True)}
    return Look(len(points), (min(parameters), max(parameters)), max(memory), work)


def look_in_child(
    plan: Plan, points: Sequence[dict[str, Value]], configs: Sequence[Config], answer: Connection
) -> None:
    """`look` for another process: sends what it returns, or the message of what it raises."""
    from pipeline.process.command import start

    os.setsid()  # Ctrl-C is the command's
    start()
    try:
        seen: Look | str = look(plan, points, configs)
    except InputError as error:
        seen = str(error)
    with suppress(BrokenPipeError):  # nobody waits for it any longer
        answer.send(seen)


def _refuse_too_heavy(point: dict[str, Value], memory: float) -> None:
    free = psutil.virtual_memory().available / 1e9
    if memory > free:
        raise InputError(
            f"the point {point_name(point)}: its training takes about {memory:.1f} GB, and {free:.1f} GB are free. "
            "Narrow the space, or lower training.batch_size"
        )


@contextmanager
def _named(point: dict[str, Value]) -> Iterator[None]:
    """Say of an error which point it is of."""
    try:
        yield
    except Exception as error:
        said = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
        raise InputError(f"the point {point_name(point)}: {said}") from error


@dataclass(frozen=True)
class _Weight:
    """Parameters of a training's network, gigabytes and floating-point operations that it is estimated to take."""

    parameters: int
    memory: float
    work: float


def _weighed(experiment: "Experiment", vae: "VAE", data: "ImageData") -> _Weight:
    from pipeline.models.arithmetic import training_flop

    parameters = vae.encoder.count_params() + vae.decoder.count_params()
    outputs = sum(
        int(np.prod(layer.output.shape[1:]))
        for network in (vae.encoder, vae.decoder)
        for layer in network.layers
        if not isinstance(layer.output, list | tuple)
    )
    # Weights, gradients and Adam's two moments; each output and its gradient; TensorFlow itself.
    values = 4 * parameters + 2 * outputs * experiment.training.batch_size
    images = sum(split.images.nbytes for split in (data.train, data.validation, data.test))
    work = training_flop(vae.encoder, vae.decoder) * len(data.train) * experiment.training.epochs
    return _Weight(parameters, 4 * values / 1e9 + 2 * images / 1e9 + 0.6, work)
