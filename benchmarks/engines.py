"""The same grid on engines: one and two workers of ours on Ray and two jobs of Slurm, beside Ray Tune.

All of them train the same Keras code with as many trainings at once, and each command starts Ray itself.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from importlib.util import find_spec
from typing import Any

from benchmarks import slurm
from benchmarks.programs import Target
from benchmarks.search import FILTERS, JOBS, LATENT_DIMS, Command, Search, in_turn, our_grid, rounds_of
from benchmarks.statistics import comparison

LEARNING_RATES = (0.001, 0.003)
RAY_TUNE = "Ray Tune"
TARGET = Target(1.0)


def engines(search: Search, repeats: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds of the grid on each engine that is installed, and how much longer Ray Tune took than each of ours."""
    commands = {name: command for name, (command, reason) in _engines().items() if reason is None}
    timed = in_turn(commands, search, repeats, say)
    rounds = rounds_of(timed)
    compared = {
        name: comparison(rounds[name], rounds[RAY_TUNE], TARGET, judged=True)
        for name in rounds
        if name != RAY_TUNE and RAY_TUNE in rounds
    }
    return {
        "points": len(LATENT_DIMS) * len(FILTERS) * len(LEARNING_RATES),
        "absent": {name: reason for name, (_, reason) in _engines().items() if reason},
        "comparisons": compared,
    } | timed


def _engines() -> dict[str, tuple[Command, str | None]]:
    """The command for each engine, and why it is absent here; None if it is not."""
    no_ray = None if find_spec("ray") else "Ray is not installed: pip install -e '.[ray]'"
    no_tune = no_ray or (None if find_spec("tensorboardX") else "Ray Tune is not installed: pip install 'ray[tune]'")
    return {
        "ours, 1 Ray worker": (partial(our_grid_on_ray, workers=1), no_ray),
        "ours, 2 Ray workers": (partial(our_grid_on_ray, workers=2), no_ray),
        "ours, 2 Slurm jobs": (our_grid_on_slurm, slurm.absence()),
        RAY_TUNE: (_ray_tune, no_tune),
    }


def our_grid_on_ray(search: Search, uri: str, *, workers: int) -> list[str]:
    """The arguments of Python for the grid on Ray, with as many trainings at once whatever the workers."""
    return [
        *_our_larger_grid(search, uri, workers),
        *("hydra/launcher=ray", "hydra.launcher.address=null"),
        f"hydra.launcher.num_cpus={max(1, search.threads // workers)}",
    ]


def our_grid_on_slurm(search: Search, uri: str) -> list[str]:
    """The arguments of Python for the grid as two jobs of Slurm on this machine."""
    return [
        *_our_larger_grid(search, uri, JOBS),
        *("hydra/launcher=slurm", f"+hydra.launcher.additional_parameters.nodelist={slurm.NODE}"),
        f"hydra.launcher.cpus_per_task={max(1, search.threads // JOBS)}",
    ]


def _our_larger_grid(search: Search, uri: str, workers: int) -> list[str]:
    return [
        *(each for each in our_grid(search, uri) if not each.startswith(("sweep.slots=", "sweep.n_trials="))),
        f"sweep.n_trials={len(LATENT_DIMS) * len(FILTERS) * len(LEARNING_RATES)}",
        f"training.learning_rate=choice({','.join(map(str, LEARNING_RATES))})",
        *(f"sweep.workers={workers}", f"sweep.slots={JOBS // workers}"),
    ]


def _ray_tune(search: Search, uri: str) -> list[str]:
    space = {"latent_dim": LATENT_DIMS, "filters": FILTERS, "learning_rate": LEARNING_RATES}
    task = {"setting": asdict(search.setting(uri)), "space": space, "jobs": JOBS}
    return ["-m", "benchmarks.peers.sweeps.ray_tune", json.dumps(task)]
