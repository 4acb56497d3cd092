"""A trial process trains in place of its worker, so that a crash, a timeout or a lack of memory costs one trial."""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.core.utils import setup_globals
from omegaconf import DictConfig
from rich.console import Console

from pipeline.config.composition import CHOICES, choices_of, plain, where_it_was_typed
from pipeline.errors import InputError, Interrupted, Pruned, StoreUnreachable
from pipeline.process.gpus import see_only
from pipeline.process.interruption import interruption_first, listen_as_child, raise_if_interrupted
from pipeline.secrets import masked
from pipeline.sweep.hydra_job import run_hydra_job
from pipeline.sweep.study.node import RefusedNode, dataset_key
from pipeline.sweep.workers.job_folder import in_job_folder
from pipeline.sweep.workers.messages import End, Epoch, Job, Loaded

if TYPE_CHECKING:
    from pipeline.data.images import ImageData
    from pipeline.data.settings import DatasetSettings


def run(to_worker: Connection, gpu: str | None) -> None:
    """Train the jobs of a worker one after the other, and tell it of each epoch and each end.

    A process that has trained before saves some hundred milliseconds against a new one. It ends tidily with its worker,
    and at a signal, with the exit code by which the worker knows that.

    Args:
        to_worker: the connection to the worker. It sends a `Job`, and answers `Loaded` and each `Epoch`.
        gpu: the GPU that this process sees, as CUDA names it; None where there are none.
    """
    from pipeline.process.command import prepare_process

    if gpu:
        see_only(gpu)
    os.setsid()  # so that Ctrl-C reaches the worker alone, which ends its trial processes tidily
    received: SimpleQueue[Any] = SimpleQueue()
    Thread(target=_receive, args=(to_worker, received), daemon=True).start()
    images = _LatestImages()

    def next_received() -> Any:
        message = received.get()
        raise_if_interrupted()  # as the worker is gone, or a destructor has discarded an interruption
        return message

    def answer_to(message: Epoch | Loaded) -> Any:
        to_worker.send(message)
        return next_received()

    try:
        prepare_process(listen_as_child)
        while True:
            job: Job = next_received()
            with in_job_folder(job.folder / str(job.number)):
                end = _trained(job, images, answer_to)
                _free_network()
            to_worker.send(end)
    except Interrupted as interrupt:
        print(interrupt)  # in the log of its training, if there was one
        sys.exit(128 + interrupt.number)


def _free_network() -> None:
    """Free the memory of the network that was trained, which Keras holds."""
    from keras.utils import clear_session

    clear_session()


def _receive(to_worker: Connection, received: "SimpleQueue[Any]") -> None:
    """Pass on what the worker sends; once the worker is gone, stop this process as a signal does."""
    try:
        while True:
            received.put(to_worker.recv())
    except (EOFError, OSError):
        os.kill(os.getpid(), signal.SIGTERM)
        received.put(None)  # a signal that is not the first one raises nothing in whoever waits for an answer


class _LatestImages:
    """The images of the latest data set, which the next training most often uses too."""

    def __init__(self) -> None:
        self.dataset: DatasetSettings | None = None
        self.data: ImageData | None = None

    def __call__(self, dataset: "DatasetSettings", *, judge_appearance: bool = True) -> "ImageData":
        if self.data is None or dataset != self.dataset:
            self.dataset = None
            self.data = None  # first, as the memory may not hold two data sets
            self.data = dataset.load(judge_appearance=judge_appearance)
            self.dataset = dataset
        return self.data


def _task(job: Job, images: _LatestImages, answer_to: Callable[[Epoch | Loaded], Any]) -> Callable[[DictConfig], End]:
    """Give the task that trains a job, asking the worker whether it may go on."""
    from pipeline.config.build import build, trusted_of
    from pipeline.models.objectives.objective import Objective
    from pipeline.runs.train import train

    def task(config: DictConfig) -> End:
        where_it_was_typed()
        is_new = job.run_id is None
        described = plain(config)

        def load(dataset: "DatasetSettings") -> "ImageData":
            data = images(dataset, judge_appearance=is_new)
            if refusal := answer_to(Loaded(dataset_key(described["dataset"]), data.fingerprint)):
                raise RefusedNode(refusal)
            return data

        objective: Objective = build(described["objective"], "objective", trusted_of(described), expected=Objective)
        final_from = objective.schedule.final_from

        def after_epoch(epoch: int, metrics: dict[str, float]) -> None:
            is_final = final_from is not None and epoch > final_from  # which is counted from 0
            if answer_to(Epoch(epoch, metrics, is_final)):
                raise Pruned(f"after epoch {epoch}, other trials of the study promised more")

        outcome = train(
            described | {CHOICES: choices_of(HydraConfig.get())},
            resume=job.run_id,
            reuse=is_new,
            listeners=[after_epoch],
            load=load,
            console=Console(),
        )
        return End(outcome.metrics)

    return task


def _trained(job: Job, images: _LatestImages, answer_to: Callable[[Epoch | Loaded], Any]) -> End:
    try:
        with interruption_first():
            return _run(job, _task(job, images, answer_to))
    except Pruned:
        return End(pruned=True)
    except RefusedNode as error:
        return End(refusal=str(error))
    except StoreUnreachable as error:
        return End(unreachable=str(error))
    except InputError as error:
        return End(failure=str(error))
    except Exception as error:
        print(masked(traceback.format_exc()), file=sys.stderr)
        return End(failure=masked(f"{type(error).__name__}: {error}"))


def _run(job: Job, task: Callable[[DictConfig], End]) -> End:
    setup_globals()
    Plugins.instance()  # finds the kinds of places that `hydra.searchpath` may name
    done = run_hydra_job(job.hydra_context, job.hydra_config, job.overrides, job.number, task, folder=job.folder)
    end: End = done.return_value
    return end
