"""Whole searches, from the command to its end, beside the published Hydra sweeper and a pool written by hand.

A grid is searched by all three in turn, several times. A learning search, ours with pruning and the published one
without, is timed up to the trial with the value that both reach. And a search whose trials train next to nothing shows
what a trial costs beside its training, at its beginning and after a thousand others.
"""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.images import arrays
from benchmarks.interleave import rotated
from benchmarks.peers.sweeps.trial import Setting
from benchmarks.programs import Target
from benchmarks.recording import LOSS, Recording
from benchmarks.statistics import Spread, comparison, verdict

LATENT_DIMS, FILTERS = (2, 8, 16, 32), ((8, 16), (16, 32), (32, 64))
JOBS = 2
"""Trainings at once."""
TARGETS = {"pool": Target(1.0), "hydra-optuna-sweeper": Target(1.2)}
TO_THE_BEST = Target(2.0)


@dataclass(frozen=True)
class Search:
    """What is searched.

    Attributes:
        data: the folder of MNIST's files.
        scratch: a folder for records.
        images: to train on.
        epochs: of each trial.
        threads: of the machine, shared out among the trainings at once.
    """

    data: Path
    scratch: Path
    images: int
    epochs: int
    threads: int

    @property
    def dataset(self) -> list[str]:
        """A tenth as many images are validated."""
        held_out = self.images // 10
        where = [f"dataset.dir={self.data}", f"dataset.limit={self.images + held_out}"]
        return ["dataset=mnist", *where, f"dataset.validation={held_out}"]

    def setting(self, uri: str) -> Setting:
        """The same for the others."""
        files = arrays(self.dataset, self.scratch)
        return Setting(*files, self.epochs, uri, max(1, self.threads // JOBS))


Command = Callable[[Search, str], list[str]]
"""From a search and the address of a tracking store to the arguments of Python."""


def grids(search: Search, repeats: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds of the same grid, by each of the three."""
    commands = {"ours": our_grid, "pool": _pool, "hydra-optuna-sweeper": _published_grid}
    timed = in_turn(commands, search, repeats, say)
    rounds = rounds_of(timed)
    compared = {
        name: comparison(rounds["ours"], rounds[name], target, judged=True)
        for name, target in TARGETS.items()
        if name in rounds
    }
    return {"points": len(LATENT_DIMS) * len(FILTERS), "comparisons": compared} | timed


def in_turn(
    commands: Mapping[str, Command], search: Search, repeats: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Seconds of each command, one after the other and several times, or which one failed."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(repeats):
        for name in rotated(list(commands), number):
            say(f"grid {number + 1}/{repeats}: {name}")
            with Recording(search.scratch / f"{re.sub('[^a-z0-9]+', '_', name.lower())}{number}") as recording:
                done = recording.run(commands[name](search, recording.uri))
                if done.code:
                    return {"failed": f"{name}: {done.said}"}
                seconds[name].append(done.seconds)
    return {"programs": {name: asdict(Spread.of(each)) | {"rounds": each} for name, each in seconds.items()}}


def rounds_of(timed: Mapping[str, Any]) -> dict[str, list[float]]:
    """Seconds of each round by the program; none if one failed."""
    return {name: each["rounds"] for name, each in timed.get("programs", {}).items()}


def learning(search: Search, trials: int, seeds: Sequence[int], say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds to the same loss, by the Tree-structured Parzen Estimator: ours, which prunes, and the published one."""
    commands = {"ours": our_search, "hydra-optuna-sweeper": _published_search}
    searches = []
    for number, seed in enumerate(seeds):
        found: dict[str, list[tuple[float, float]]] = {}
        totals: dict[str, float] = {}
        for name in rotated(list(commands), number):
            say(f"search {number + 1}/{len(seeds)}: {name}")
            with Recording(search.scratch / f"{name}_search{number}") as recording:
                begun = time.time()
                done = recording.run(commands[name](search, recording.uri, trials, seed))
                if done.code:
                    return {"failed": f"{name}: {done.said}"}
                found[name], totals[name] = recording.losses(begun), done.seconds
        searches.append({"seed": seed, "seconds": totals} | sooner(found, *commands))
    ratio = median(each["ratio"] for each in searches)
    return {"trials": trials, "searches": searches, "ratio": ratio, "verdict": verdict(ratio, TO_THE_BEST)}


def overhead(search: Search, trials: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds of a trial beside its training, one at a time, and the memory of the sweep's process, by trial."""
    say(f"{trials} trials that train next to nothing")
    with Recording(search.scratch / "overhead") as recording:
        done = recording.run(our_trifles(search, recording.uri, trials), watch_memory=True)
        if done.code:
            return {"failed": done.said}
        beside = recording.seconds_beside_training()
    early, late = beside[5:15], beside[-10:]
    return {
        "trials": trials,
        "seconds": done.seconds,
        "beside_training": asdict(Spread.of(beside)),
        "early": median(early),
        "late": median(late),
        "memory_mb": {"early": _at(done.memory, 0.2), "late": _at(done.memory, 0.9)},  # before it draws its report
    }


def _at(memory: Sequence[float], share: float) -> float:
    return memory[int(share * len(memory))]


def our_grid(search: Search, uri: str) -> list[str]:
    """The arguments of Python for the grid."""
    return [
        *_ours(search, uri),
        "sweep/sampler=grid",
        "sweep/pruner=none",
        f"sweep.n_trials={len(LATENT_DIMS) * len(FILTERS)}",
        f"model.latent_dim=choice({','.join(map(str, LATENT_DIMS))})",
        f"model.filters=choice({','.join(f'[{first},{second}]' for first, second in FILTERS)})",
    ]


def our_search(search: Search, uri: str, trials: int, seed: int) -> list[str]:
    """The arguments of Python for a search that learns."""
    return [
        *_ours(search, uri),
        f"sweep.n_trials={trials}",
        f"sweep.seed={seed}",
        "model.latent_dim=range(2,33)",
        f"model.filters=choice({','.join(f'[{first},{second}]' for first, second in FILTERS)})",
        "training.learning_rate=tag(log,interval(1e-4,1e-2))",
    ]


def our_trifles(search: Search, uri: str, trials: int) -> list[str]:
    """The arguments of Python for trials that train next to nothing."""
    return [
        *_study(uri),
        *("dataset=mnist", f"dataset.dir={search.data}", "dataset.limit=100", "dataset.validation=50"),
        *("model.hidden=[2]", "training.epochs=1"),
        *("sweep/pruner=none", f"sweep.n_trials={trials}", "sweep.objective=[validation/epoch/distortion]"),
        "objective.beta=interval(0.5,2)",
    ]


def _ours(search: Search, uri: str) -> list[str]:
    return [
        *(*_study(uri), *search.dataset, "model=conv", "training.batch_size=128"),
        *(f"training.epochs={search.epochs}", "training.patience=null"),
        *(f"sweep.slots={JOBS}", f"sweep.objective=[{LOSS}]"),
    ]


def _study(uri: str) -> list[str]:
    """Does as much as the others do: the loss of each epoch and a picture."""
    name = f"sweep.study={Path(uri).parent.name}"
    return ["-m", "pipeline.train", "-m", "sweep=study", name, "evaluation=brief", f"tracking.uri={uri}"]


def _pool(search: Search, uri: str) -> list[str]:
    task = {"setting": asdict(search.setting(uri)), "points": list(product(LATENT_DIMS, FILTERS)), "jobs": JOBS}
    return ["-m", "benchmarks.peers.sweeps.pool", json.dumps(task)]


def _published_grid(search: Search, uri: str) -> list[str]:
    points = len(LATENT_DIMS) * len(FILTERS)
    return [
        *_published(search, uri, points),
        "hydra/sweeper/sampler=grid",
        f"latent_dim=choice({','.join(map(str, LATENT_DIMS))})",
        f"filters=choice({','.join(f'{first}-{second}' for first, second in FILTERS)})",
    ]


def _published_search(search: Search, uri: str, trials: int, seed: int) -> list[str]:
    return [
        *_published(search, uri, trials),
        f"hydra.sweeper.sampler.seed={seed}",
        "latent_dim=range(2,32)",  # to it, unlike to Hydra, the end belongs
        f"filters=choice({','.join(f'{first}-{second}' for first, second in FILTERS)})",
        "learning_rate=tag(log,interval(1e-4,1e-2))",
    ]


def _published(search: Search, uri: str, trials: int) -> list[str]:
    setting = [f"{key}={value}" for key, value in asdict(search.setting(uri)).items()]
    return [
        *("-m", "benchmarks.peers.sweeps.hydra_optuna", "-m", *setting),
        *("hydra/sweeper=optuna", "hydra.sweeper.direction=minimize", f"hydra.sweeper.n_trials={trials}"),
        *(f"hydra.sweeper.n_jobs={JOBS}", "hydra/launcher=joblib", f"hydra.launcher.n_jobs={JOBS}"),
        f"hydra.sweep.dir={Path(uri.removeprefix('sqlite:///')).parent / 'jobs'}",
    ]


def sooner(found: Mapping[str, list[tuple[float, float]]], ours: str, theirs: str) -> dict[str, Any]:
    """When both had the worse of their best losses."""
    best = {name: min(loss for _, loss in found[name]) for name in (ours, theirs)}
    common = max(best.values())
    after = {name: next(when for when, loss in found[name] if loss <= common) for name in best}
    return {"best": best, "loss": common, "seconds_to_it": after, "ratio": after[theirs] / after[ours]}
