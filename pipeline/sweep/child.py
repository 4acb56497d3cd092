"""One training of a trial in a process of its own: a crash, a timeout or too little memory costs this trial only."""

import os
import pickle
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from hydra.core.utils import run_job, setup_globals
from hydra.types import HydraContext
from omegaconf import DictConfig, open_dict
from rich.console import Console

from pipeline.composition import plain
from pipeline.errors import InputError, Interrupted, Pruned

LOG = "training.log"


@dataclass(frozen=True)
class Job:
    """A training of a trial.

    Attributes:
        hydra_context, config: of Hydra, to compose with.
        folder: of the study; the trial's number names the one below it.
        number: of the trial.
        overrides: as they would be typed to train it alone.
        run_id: of the run to go on with; None for a new one.
    """

    hydra_context: HydraContext
    config: DictConfig
    folder: Path
    number: int
    overrides: Sequence[str]
    run_id: str | None


@dataclass(frozen=True)
class Epoch:
    """What a child says after each epoch; it goes on once it hears whether it is to end."""

    number: int
    metrics: dict[str, float]


@dataclass(frozen=True)
class End:
    """The last word of a child: its metrics, that it was pruned, or what went wrong."""

    run_id: str | None = None
    metrics: dict[str, float] | None = None
    pruned: bool = False
    failure: str | None = None


def run(pickled: bytes, worker: Connection) -> None:
    """Train what a job says, telling the worker of each epoch and of the end. Dies tidily with the worker."""
    job: Job = pickle.loads(pickled)
    os.setsid()  # Ctrl-C is the worker's, who ends its children tidily
    output = job.folder / str(job.number)
    output.mkdir(parents=True, exist_ok=True)
    with (output / LOG).open("a", buffering=1) as log, _scratch(output / "scratch"):
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        sys.stdout = sys.stderr = log
        answers: SimpleQueue[bool] = SimpleQueue()
        Thread(target=_listen, args=(worker, answers), daemon=True).start()
        with suppress(Interrupted):
            worker.send(_trained(job, worker, answers))


@contextmanager
def _scratch(folder: Path) -> Iterator[None]:
    """A place of its own for temporary files: a child ends without Python's own clearing up, TensorFlow's among it."""
    shutil.rmtree(folder, ignore_errors=True)  # of one that was killed
    folder.mkdir()
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _listen(worker: Connection, answers: "SimpleQueue[bool]") -> None:
    """Pass on what the worker says; if it is gone, stop as by a signal."""
    try:
        while True:
            answers.put(worker.recv())
    except (EOFError, OSError):
        os.kill(os.getpid(), signal.SIGTERM)


def _trained(job: Job, worker: Connection, answers: "SimpleQueue[bool]") -> End:
    from pipeline.door import start
    from pipeline.training_run import train

    def after_epoch(epoch: int, metrics: dict[str, float]) -> None:
        worker.send(Epoch(epoch, metrics))
        if answers.get():
            raise Pruned(f"after epoch {epoch}, others of the study promised more")

    def task(config: DictConfig) -> End:
        outcome = train(
            plain(config), console=Console(), resume=job.run_id, listeners=[after_epoch], reuse=not job.run_id
        )
        return End(outcome.run_id, outcome.metrics)

    start()
    try:
        return _in_its_folder(job, task)
    except Pruned:
        return End(pruned=True)
    except InputError as error:
        return End(failure=str(error))
    except Exception as error:
        traceback.print_exc()
        return End(failure=f"{type(error).__name__}: {error}")


def _in_its_folder(job: Job, task: Callable[[DictConfig], End]) -> End:
    """What the task returns, run by Hydra as one of its jobs."""
    setup_globals()
    config = job.hydra_context.config_loader.load_sweep_config(job.config, list(job.overrides))
    with open_dict(config):
        config.hydra.job.id = config.hydra.job.num = job.number
        config.hydra.sweep.dir, config.hydra.sweep.subdir = str(job.folder), str(job.number)
    done = run_job(
        task_function=task,
        config=config,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
        hydra_context=job.hydra_context,
    )
    end: End = done.return_value
    return end
