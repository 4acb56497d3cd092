"""Trainings in a process beside the worker's: a crash, a timeout or too little memory costs one trial only."""

import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

from hydra.core.utils import run_job, setup_globals
from hydra.types import HydraContext
from omegaconf import DictConfig, open_dict
from rich.console import Console

from pipeline.config.composition import plain, where_it_was_typed
from pipeline.errors import InputError, Interrupted, Pruned
from pipeline.secrets import masked

if TYPE_CHECKING:
    from pipeline.data.images import ImageData
    from pipeline.data.settings import DatasetSettings

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


def run(worker: Connection) -> None:
    """Train what the worker's jobs say, one after the other, telling it of each epoch and of each end.

    A process that has trained is some hundred milliseconds ahead of a new one. Dies tidily with the worker.
    """
    from pipeline.process.command import start

    os.setsid()  # Ctrl-C is the worker's, who ends its children tidily
    heard: SimpleQueue[Any] = SimpleQueue()
    Thread(target=_listen, args=(worker, heard), daemon=True).start()
    images = _Images()
    with suppress(Interrupted):
        start()
        while True:
            job: Job = heard.get()
            with _in_its_place(job.folder / str(job.number)):
                end = _trained(job, images, worker, heard)
            worker.send(end)


@contextmanager
def _in_its_place(output: Path) -> Iterator[None]:
    """What is said goes to a log of the trial's, and temporary files to a folder of its own."""
    from keras.utils import clear_session

    output.mkdir(parents=True, exist_ok=True)
    with (output / LOG).open("a") as log, _scratch(output / "scratch"):
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
        yield
        clear_session()
        sys.stdout.flush()
        sys.stderr.flush()


@contextmanager
def _scratch(folder: Path) -> Iterator[None]:
    """A place of its own for temporary files, gone with the training: a child ends without Python's own clearing up."""
    shutil.rmtree(folder, ignore_errors=True)  # of one that was killed
    folder.mkdir()
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _listen(worker: Connection, heard: "SimpleQueue[Any]") -> None:
    """Pass on what the worker says; if it is gone, stop as by a signal."""
    try:
        while True:
            heard.put(worker.recv())
    except (EOFError, OSError):
        os.kill(os.getpid(), signal.SIGTERM)


class _Images:
    """Those of the latest data set, which are most often also those of the next training."""

    def __init__(self) -> None:
        self.dataset: DatasetSettings | None = None
        self.data: ImageData | None = None

    def __call__(self, dataset: "DatasetSettings", *, known: bool = False) -> "ImageData":
        if self.data is None or dataset != self.dataset:
            self.dataset, self.data = None, None  # two at once might be too many
            self.data = dataset.load(known=known)
            self.dataset = dataset
        return self.data


def _trained(job: Job, images: _Images, worker: Connection, heard: "SimpleQueue[Any]") -> End:
    from pipeline.runs.train import train

    def after_epoch(epoch: int, metrics: dict[str, float]) -> None:
        worker.send(Epoch(epoch, metrics))
        if heard.get():
            raise Pruned(f"after epoch {epoch}, others of the study promised more")

    def task(config: DictConfig) -> End:
        where_it_was_typed()
        new = not job.run_id
        how = partial(train, resume=job.run_id, reuse=new, listeners=[after_epoch], load=partial(images, known=not new))
        outcome = how(plain(config), console=Console())
        return End(outcome.run_id, outcome.metrics)

    try:
        return _in_its_folder(job, task)
    except Pruned:
        return End(pruned=True)
    except InputError as error:
        return End(failure=str(error))
    except Exception as error:
        print(masked(traceback.format_exc()), file=sys.stderr)
        return End(failure=masked(f"{type(error).__name__}: {error}"))


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
