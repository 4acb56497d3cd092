"""The death of a trial process without a message is the preemption of its trial, or a failure with a reason."""

import signal
import time

from pipeline.process.interruption import SIGNALS
from pipeline.sweep.workers.job_folder import LOG
from pipeline.sweep.workers.messages import End

WORKER_DEATH = 0.5
"""Seconds that a worker waits before it takes the kill of a trial process for the trial's failure.

A scheduler that kills a job kills its trial processes and their worker within this time. A worker that dies meanwhile,
or hears a signal, leaves the trial to whoever goes on.
"""
_TIDY_ENDS = {128 + number for number in SIGNALS}
"""Exit codes of a process that ended tidily at a signal."""

OF_MEMORY = {signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS}
"""Signals of which a process dies where the memory is used up: the kernel's, and those of libraries that go on."""


def end_of_crashed_process(code: int | None, limit: float | None) -> End:
    """Give the end of a training whose process is dead without a message.

    Args:
        code: the exit code of the process; a negative one is the signal that killed the process.
        limit: minutes that the training was allowed to take, where it took longer; else None.
    """
    if limit is not None:
        return End(failure=f"it took longer than sweep.trial_timeout={limit:g} minutes")
    if code in _TIDY_ENDS:
        return End(preempted=True)
    if code == -signal.SIGKILL:
        time.sleep(WORKER_DEATH)
    if code and code < 0:
        memory = "; perhaps the memory was used up: fewer slots or smaller batches need less"
        name = signal.Signals(-code).name
        return End(failure=f"its process was killed by {name}{memory if -code in OF_MEMORY else ''}")
    return End(failure=f"its process ended with code {code} without a message; its job folder has {LOG}")
