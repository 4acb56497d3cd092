"""A search as its tracking store tells of it: when its trials ended, how good they were, how long each took."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil

from benchmarks.whole_run import environment
from pipeline import ROOT
from pipeline.metric_names import LOSS


@dataclass(frozen=True)
class Done:
    """A command that ended.

    Attributes:
        code: with which it did.
        said: its last words.
        seconds: from its beginning.
        memory: megabytes of its process at each second; empty if nobody asked.
    """

    code: int
    said: str
    seconds: float
    memory: Sequence[float]


class Recording:
    """A tracking store of its own for a search; what a study leaves elsewhere is taken away afterwards.

    Args:
        folder: that is to hold it, which does not exist yet; process and folder also name the study.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.with_name(f"bench_{os.getpid()}_{folder.name}")
        self.uri = f"sqlite:///{self.folder / 'mlflow.db'}"

    def __enter__(self) -> "Recording":
        from pipeline.tracking.store import Store

        self.folder.mkdir()
        self.store = Store(self.uri)  # made beforehand, which happens once in a lifetime
        return self

    def __exit__(self, *_: object) -> None:
        for path in (ROOT / "mlruns").glob(f"*/{self.folder.name}*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def run(self, command: Sequence[str], *, watch_memory: bool = False) -> Done:
        """The command of Python's, to its end."""
        begun, memory = time.perf_counter(), []
        with (self.folder / "said").open("w+") as said:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                stdout=said,
                stderr=subprocess.STDOUT,
                env=environment() | {"OMP_NUM_THREADS": "1"},
            )
            while watch_memory and process.poll() is None:
                memory.append(_megabytes(process.pid))
                time.sleep(1)
            code = process.wait()
            seconds = time.perf_counter() - begun
            said.seek(0)
            return Done(code, said.read()[-2000:], seconds, memory)

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


def _megabytes(pid: int) -> float:
    try:
        return float(psutil.Process(pid).memory_info().rss / 1e6)
    except psutil.NoSuchProcess:
        return 0.0


def _loss(metrics: Mapping[str, float]) -> float | None:
    return metrics.get("objective", metrics.get(LOSS))
