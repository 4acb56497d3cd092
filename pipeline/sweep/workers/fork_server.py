"""Processes are forked from Python's fork server, which has imported TensorFlow, so that they begin within 20 ms."""

import multiprocessing
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import ForkServerContext

from pipeline.process.interruption import signals_blocked


def fork_server() -> ForkServerContext:
    """Give the context of `multiprocessing` that creates processes forked from the fork server.

    The server is started if it does not run, without waiting for its imports, which take seconds. It ends with the
    processes that use it, and at no signal; what is forked from it hears signals once it listens as a child.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pipeline.sweep.workers.preloaded"])
    with signals_blocked():
        resource_tracker.ensure_running()  # by itself, since it unblocks SIGINT and SIGTERM when it has started
    with signals_blocked():
        forkserver.ensure_running()  # which would start the tracker in this block otherwise
    return context
