"""Processes that begin with TensorFlow imported: they are forked from one that has, and does nothing else."""

import multiprocessing
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext


def warm_processes() -> ForkServerContext:
    """What such processes are made with."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["pipeline.sweep.workers.preloaded"])
    return processes


def warm_up() -> None:
    """Start the process that they are forked from, whose imports take seconds, and do not wait for it."""
    warm_processes()
    forkserver.ensure_running()
