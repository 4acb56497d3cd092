"""Every corner of a space composed, checked and built before the first trial: none fails for what is known now."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

import numpy as np
import optuna
import psutil
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf

from pipeline.composition import plain
from pipeline.errors import InputError
from pipeline.sweep.plan import Plan
from pipeline.sweep.space import Space, Value, overrides_of, point_name

if TYPE_CHECKING:
    from pipeline.data.images import ImageData
    from pipeline.experiment import Experiment

POINTS = 40
"""How many points are looked at: corners first, then others at random."""


@dataclass(frozen=True)
class Look:
    """What the points of a space come to.

    Attributes:
        points: how many were looked at.
        parameters: of the smallest and of the largest network.
        memory: gigabytes that the most demanding training is estimated to take.
    """

    points: int
    parameters: tuple[int, int]
    memory: float


def points_of(space: Space, seed: int) -> list[dict[str, Value]]:
    """Corners of a space and some points within, each once."""
    corners = list(islice(space.corners(), POINTS))
    scratch = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    inner = [space.suggest(scratch.ask()) for _ in range(POINTS - len(corners) + 5)]
    unique = {tuple(overrides_of(point)): point for point in (*corners, *inner)}
    return list(unique.values())[:POINTS]


def look(context: HydraContext, config: DictConfig, plan: Plan, points: Sequence[dict[str, Value]]) -> Look:
    """Build what each point describes.

    Raises:
        InputError: naming the point and what is wrong with it; no memory for such a training; a wrong objective.
    """
    from pipeline.experiment import Experiment
    from pipeline.sweep.objectives import check_objectives, check_scored

    check_objectives(plan.settings, list(plan.space))
    counts: list[int] = []
    needs: list[float] = []
    known: dict[str, ImageData] = {}
    for point in points:
        try:
            composed = context.config_loader.load_sweep_config(config, [*plan.overrides, *overrides_of(point)])
            task = plain(OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"]))
            experiment = Experiment.from_config(task)
            check_scored(plan.settings, experiment.evaluation)
            count, need = _weighed(experiment, str(task["dataset"]), known)
        except Exception as error:
            said = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
            raise InputError(f"the point {point_name(point)}: {said}") from error
        counts.append(count)
        needs.append(need)
    free = psutil.virtual_memory().available / 1e9
    if max(needs) > free:
        raise InputError(
            f"the point {point_name(points[int(np.argmax(needs))])}: its training takes about {max(needs):.1f} GB, "
            f"and {free:.1f} GB are free. Narrow the space, or lower training.batch_size"
        )
    return Look(len(points), (min(counts), max(counts)), max(needs))


def look_in_child(
    context: HydraContext, config: DictConfig, plan: Plan, points: Sequence[dict[str, Value]], answer: Connection
) -> None:
    """`look` for another process: sends what it returns, or the message of what it raises."""
    from pipeline.door import start

    os.setsid()  # Ctrl-C is the command's
    start()
    try:
        seen: Look | str = look(context, config, plan, points)
    except InputError as error:
        seen = str(error)
    with suppress(BrokenPipeError):  # nobody waits for it any longer
        answer.send(seen)


def _weighed(experiment: "Experiment", name: str, known: "dict[str, ImageData]") -> tuple[int, float]:
    """Parameters of a training's network, and gigabytes that the training is estimated to take."""
    data = known[name] = known.get(name) or experiment.dataset.load()
    vae = experiment.model_for(data)
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
    return parameters, 4 * values / 1e9 + 2 * images / 1e9 + 0.6
