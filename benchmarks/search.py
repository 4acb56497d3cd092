"""Whole searches, from the command to its end, beside the published Hydra sweeper and a pool written by hand.

A grid is searched by all three in turn, several times. A learning search, ours with pruning and the published one
without, is timed up to the trial with the value that both reach. And a search whose trials train next to nothing shows
what a trial costs beside its training, at its beginning and after a thousand others.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise, product
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from benchmarks.images import arrays
from benchmarks.interleave import rotated
from benchmarks.peers.sweeps.trial import Setting
from benchmarks.programs import Target
from benchmarks.statistics import Spread, comparison, verdict
from pipeline import ROOT

LATENT_DIMS, FILTERS = (2, 8, 16, 32), ((8, 16), (16, 32), (32, 64))
JOBS = 2
"""Trainings at once."""
TARGETS = {"pool": Target(1.0), "hydra-optuna-sweeper": Target(1.2)}
TO_THE_BEST = Target(2.0)
LOSS = "val/loss"


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


def grids(search: Search, repeats: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds of the same grid, by each of the three."""
    commands = {"ours": _our_grid, "pool": _pool, "hydra-optuna-sweeper": _published_grid}
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(repeats):
        for name in rotated(list(commands), number):
            say(f"grid {number + 1}/{repeats}: {name}")
            with _Recording(search.scratch / f"{name}{number}") as recording:
                done = recording.run(commands[name](search, recording.uri))
                if done.code:
                    return {"failed": f"{name}: {done.said}"}
                seconds[name].append(done.seconds)
    return {
        "points": len(LATENT_DIMS) * len(FILTERS),
        "programs": {name: asdict(Spread.of(each)) | {"rounds": each} for name, each in seconds.items()},
        "comparisons": {
            name: comparison(seconds["ours"], seconds[name], target, judged=True) for name, target in TARGETS.items()
        },
    }


def learning(search: Search, trials: int, seeds: Sequence[int], say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds to the same loss, by the Tree-structured Parzen Estimator: ours, which prunes, and the published one."""
    commands = {"ours": _our_search, "hydra-optuna-sweeper": _published_search}
    searches = []
    for number, seed in enumerate(seeds):
        found: dict[str, list[tuple[float, float]]] = {}
        totals: dict[str, float] = {}
        for name in rotated(list(commands), number):
            say(f"search {number + 1}/{len(seeds)}: {name}")
            with _Recording(search.scratch / f"{name}_search{number}") as recording:
                begun = time.time()
                done = recording.run(commands[name](search, recording.uri, trials, seed))
                if done.code:
                    return {"failed": f"{name}: {done.said}"}
                found[name], totals[name] = recording.losses(begun), done.seconds
        searches.append({"seed": seed, "seconds": totals} | _sooner(found, *commands))
    ratio = median(each["ratio"] for each in searches)
    return {"trials": trials, "searches": searches, "ratio": ratio, "verdict": verdict(ratio, TO_THE_BEST)}


def overhead(search: Search, trials: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds of a trial beside its training, one at a time, and the memory of the sweep's process, by trial."""
    say(f"{trials} trials that train next to nothing")
    with _Recording(search.scratch / "overhead") as recording:
        done = recording.run(_our_trifles(search, recording.uri, trials), watch_memory=True)
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
        "memory_mb": {"early": done.memory[len(done.memory) // 10], "late": done.memory[-1]},
    }


def _our_grid(search: Search, uri: str) -> list[str]:
    return [
        *_ours(search, uri),
        "sweep/sampler=grid",
        "sweep/pruner=none",
        f"sweep.n_trials={len(LATENT_DIMS) * len(FILTERS)}",
        f"model.latent_dim=choice({','.join(map(str, LATENT_DIMS))})",
        f"model.filters=choice({','.join(f'[{first},{second}]' for first, second in FILTERS)})",
    ]


def _our_search(search: Search, uri: str, trials: int, seed: int) -> list[str]:
    return [
        *_ours(search, uri),
        f"sweep.n_trials={trials}",
        f"sweep.seed={seed}",
        "model.latent_dim=range(2,33)",
        f"model.filters=choice({','.join(f'[{first},{second}]' for first, second in FILTERS)})",
        "training.learning_rate=tag(log,interval(1e-4,1e-2))",
    ]


def _our_trifles(search: Search, uri: str, trials: int) -> list[str]:
    return [
        *_ours(search, uri),
        "dataset.limit=100",
        "dataset.validation=50",
        "training.epochs=1",
        "model=dense",
        "model.hidden=[2]",
        "sweep/pruner=none",
        "sweep.slots=1",
        f"sweep.n_trials={trials}",
        "objective.beta=interval(0.5,2)",
        "sweep.objective=[val/distortion]",
    ]


def _ours(search: Search, uri: str) -> list[str]:
    return [
        *("-m", "pipeline.train", "-m", "sweep=study", f"sweep.study={Path(uri).parent.name}"),
        *(*search.dataset, "model=conv", "training.batch_size=128", f"training.epochs={search.epochs}"),
        # As much as the others do: the loss of each epoch and a picture.
        "evaluation=brief",
        *("training.patience=null", f"sweep.slots={JOBS}", f"sweep.objective=[{LOSS}]", f"tracking.uri={uri}"),
    ]


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


@dataclass(frozen=True)
class _Done:
    """A command that ended: its exit code, last words, seconds, and megabytes of its process at each second."""

    code: int
    said: str
    seconds: float
    memory: Sequence[float]


class _Recording:
    """A tracking store of its own for a search; what a study leaves elsewhere is taken away afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.with_name(f"bench_{os.getpid()}_{folder.name}")
        self.uri = f"sqlite:///{self.folder / 'mlflow.db'}"

    def __enter__(self) -> "_Recording":
        from pipeline.tracking.store import Store

        self.folder.mkdir()
        self.store = Store(self.uri)  # made beforehand, which happens once in a lifetime
        return self

    def __exit__(self, *_: object) -> None:
        for path in (ROOT / "mlruns").glob(f"*/{self.folder.name}*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def run(self, command: Sequence[str], *, watch_memory: bool = False) -> _Done:
        """The command of Python's, to its end."""
        begun, memory = time.perf_counter(), []
        with (self.folder / "said").open("w+") as said:
            process = subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, stdout=said, stderr=subprocess.STDOUT, env=_environment()
            )
            while watch_memory and process.poll() is None:
                memory.append(_megabytes(process.pid))
                time.sleep(1)
            code = process.wait()
            seconds = time.perf_counter() - begun
            said.seek(0)
            return _Done(code, said.read()[-2000:], seconds, memory)

    def losses(self, begun: float) -> list[tuple[float, float]]:
        """Seconds since the beginning and loss of each finished training, in the order of their ends."""
        runs = self._runs()
        ended = [(run.info.end_time / 1000 - begun, _loss(run.data.metrics)) for run in runs]
        return sorted((when, loss) for when, loss in ended if loss is not None)

    def seconds_beside_training(self) -> list[float]:
        """Of each trial in order: from the end of the one before to its own, without its epochs."""
        trials = {int(run.data.tags["trial"]): run.info.end_time for run in self._runs() if "trial" in run.data.tags}
        pairs = pairwise(sorted(trials))
        return [(trials[now] - trials[before]) / 1000 - self._training(now) for before, now in pairs]

    def _training(self, trial: int) -> float:
        """Seconds of a trial's epochs, by its log."""
        log = (ROOT / "mlruns" / "jobs" / self.folder.name / str(trial) / "training.log").read_text()
        return sum(map(float, re.findall(r"^epoch .*?\)  ([\d.]+) s", log, re.MULTILINE)))

    def _runs(self) -> list[Any]:
        client = self.store.client
        experiments = [each.experiment_id for each in client.search_experiments()]
        runs, token = [], None
        while token != "":
            page = client.search_runs(experiments, "attributes.status = 'FINISHED'", page_token=token)
            runs += [run for run in page if "pruned" not in run.data.tags]
            token = page.token or ""
        return runs


def _environment() -> Mapping[str, str]:
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "OMP_NUM_THREADS": "1"}


def _megabytes(pid: int) -> float:
    try:
        return float(psutil.Process(pid).memory_info().rss / 1e6)
    except psutil.NoSuchProcess:
        return 0.0


def _loss(metrics: Mapping[str, float]) -> float | None:
    return metrics.get("objective", metrics.get(LOSS))


def _sooner(found: Mapping[str, list[tuple[float, float]]], ours: str, theirs: str) -> dict[str, Any]:
    """When both had the worse of their best losses."""
    best = {name: min(loss for _, loss in found[name]) for name in (ours, theirs)}
    common = max(best.values())
    after = {name: next(when for when, loss in found[name] if loss <= common) for name in best}
    return {"best": best, "loss": common, "seconds_to_it": after, "ratio": after[theirs] / after[ours]}
