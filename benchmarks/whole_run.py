"""Seconds from a command to its finished run: imports, data, training, tracking, pictures, and the end of the process.

Runs are recorded in a database of their own, which is made beforehand: that happens once in a lifetime. The machine's
real runs are left alone.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.statistics import Spread
from pipeline import ROOT


def whole_runs(overrides: Sequence[str], repeats: int, scratch: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """The record of a command that is run several times."""
    kept, seconds = recording_in(scratch), []
    command = " ".join(["python -m pipeline.train", *overrides])
    for number in range(repeats):
        say(f"{command}: {number + 1}/{repeats}")
        begin = time.perf_counter()
        done = _run([*overrides, *kept], scratch)
        seconds.append(time.perf_counter() - begin)
        if done.returncode:
            return {"command": command, "failed": done.stderr or f"ended with code {done.returncode}"}
    return {"command": command, "seconds": asdict(Spread.of(seconds)) | {"rounds": seconds}}


def recording_in(folder: Path) -> list[str]:
    """Overrides that keep a run's record in this folder, whose database is ready when this returns."""
    from pipeline.tracking.store import Store

    uri = f"sqlite:///{folder / 'mlflow.db'}"
    Store(uri)
    return [f"tracking.uri={uri}"]


def _run(overrides: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        training(overrides), cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )


def training(overrides: Sequence[str]) -> list[str]:
    """The command line of a training, whose job Hydra keeps in the folder where it is run."""
    return [sys.executable, "-m", "pipeline.train", *overrides, "hydra.run.dir=job"]


def environment() -> dict[str, str]:
    """The variables with which Python finds this project from any folder."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
