"""Processes are forked from Python's fork server, which has imported TensorFlow, so that they begin within 20 ms."""

import multiprocessing
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext


def fork_server() -> ForkServerContext:
    """Give the context of `multiprocessing` that creates processes forked from the fork server."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pipeline.sweep.workers.preloaded"])
    return context


def start_fork_server() -> None:
    """Start the fork server, whose imports take seconds, without waiting for it."""
    fork_server()
    forkserver.ensure_running()
