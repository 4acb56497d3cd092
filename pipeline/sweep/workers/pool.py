"""A pool starts the trial processes of a worker, listens to them, ends them in time, and explains their deaths."""

import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess

import cloudpickle

from pipeline.sweep.study.claimed_trial import ClaimedTrial
from pipeline.sweep.workers import trial_process
from pipeline.sweep.workers.fork_server import fork_server
from pipeline.sweep.workers.job_folder import LOG
from pipeline.sweep.workers.messages import End, Epoch, Job

PATIENCE = 7.0
"""Seconds in which a trial process must end tidily before it is killed, so that Ctrl-C ends a sweep within 10."""
TRAININGS = 20
"""Trainings of a trial process before a new one takes its place, so that what leaks in it does not grow."""

AfterEpoch = Callable[[ClaimedTrial, int, Mapping[str, float]], bool]
"""From a trial, an epoch and its metrics to whether the trial is pruned now."""
AtTheEnd = Callable[[ClaimedTrial, End], None]
"""What is to be done when a training of a trial has ended."""


@dataclass(eq=False)
class TrialProcess:
    """A trial process as its worker sees it: the pipe to it, and what it works on since when.

    Attributes:
        process: the process.
        pipe: the connection to it.
        claimed: the trial that it works on; None while it has nothing to do.
        trainings: the number of trainings that it was given so far.
        began_at: when it was given the latest training, seconds of the monotonic clock.
        asked_at: when it was asked to end, seconds of the monotonic clock; None if it was not.
    """

    process: ForkServerProcess
    pipe: Connection
    claimed: ClaimedTrial | None = None
    trainings: int = 0
    began_at: float = 0.0
    asked_at: float | None = None

    def ask_to_end(self) -> None:
        """Ask the process to end, with the signal of which it ends tidily."""
        self.asked_at = self.asked_at or time.monotonic()
        _signal(self.process, signal.SIGTERM)

    def end(self, deadline: float) -> None:
        """Wait for the end of the process, and kill it after the deadline."""
        self.process.join(max(0.0, deadline - time.monotonic()))
        if self.process.exitcode is None:
            _signal(self.process, signal.SIGKILL)
            self.process.join()
        self.pipe.close()


class Pool:
    """A pool has the trial processes of a worker.

    Args:
        slots: the number of trials that are trained at once.
        time_limit: minutes that each training may take; None for no limit.
    """

    def __init__(self, slots: int, time_limit: float | None) -> None:
        self.slots = slots
        self.time_limit = time_limit
        self.processes: list[TrialProcess] = []
        self._server = fork_server()

    @property
    def has_room(self) -> bool:
        """Whether one more training may begin."""
        return sum(process.claimed is not None for process in self.processes) < self.slots

    def begin(self, claimed: ClaimedTrial, job: Job) -> None:
        """Give a training of a trial to a process that is idle, or to a new one."""
        process = next((each for each in self.processes if each.claimed is None), None) or self._new()
        process.claimed = claimed
        process.began_at = time.monotonic()
        process.trainings += 1
        with suppress(OSError):  # the process is dead, which `attend` notices next
            # In a process of joblib's, Hydra has loaded its plugins twice, whose classes pickle alone would not send.
            process.pipe.send_bytes(cloudpickle.dumps(job))

    def attend(self, after_epoch: AfterEpoch, at_the_end: AtTheEnd, patience: float = 1.0) -> None:
        """Answer the messages of the trial processes, and wait for one at most so many seconds."""
        if not self.processes:
            time.sleep(patience)
        for pipe in wait([process.pipe for process in self.processes], patience):
            process = next(each for each in self.processes if each.pipe is pipe)
            message = _received(process)
            claimed = process.claimed
            if isinstance(message, Epoch):
                assert claimed
                _answer(process, after_epoch(claimed, message.number, message.metrics))
                continue
            process.claimed = None
            if not message or message.failure or process.asked_at or process.trainings >= TRAININGS:
                self._part_with(process, alive=bool(message))
            if claimed:
                at_the_end(claimed, message or End(failure=self._cause_of_death(process)))
        self._end_those_too_late()

    def _new(self) -> TrialProcess:
        here, there = self._server.Pipe()
        process = self._server.Process(target=trial_process.run, args=(there,), daemon=True)
        process.start()
        there.close()
        self.processes.append(TrialProcess(process, here))
        return self.processes[-1]

    def _part_with(self, process: TrialProcess, *, alive: bool) -> None:
        self.processes.remove(process)
        if alive:
            _signal(process.process, signal.SIGTERM)  # as it waits for another job
        process.end(time.monotonic() + PATIENCE)

    def dismiss(self) -> None:
        """End all trial processes, tidily if they are quick."""
        for process in self.processes:
            process.ask_to_end()
        deadline = time.monotonic() + PATIENCE
        while self.processes:
            self.processes.pop().end(deadline)

    def _end_those_too_late(self) -> None:
        now = time.monotonic()
        for process in self.processes:
            if process.asked_at and now > process.asked_at + PATIENCE:
                _signal(process.process, signal.SIGKILL)
            elif self.time_limit and process.claimed and now > process.began_at + self.time_limit * 60:
                process.ask_to_end()

    def _cause_of_death(self, process: TrialProcess) -> str:
        code = process.process.exitcode
        if process.asked_at:
            return f"it took longer than sweep.trial_timeout={self.time_limit:g} minutes"
        if code and code < 0:
            by_the_system = code == -signal.SIGKILL
            memory = (
                "; perhaps the memory was used up: fewer slots or smaller batches need less" if by_the_system else ""
            )
            return f"its process was killed by {signal.Signals(-code).name}{memory}"
        if code == 0:
            return "its process was asked to end, by a signal that was not the sweep's"
        return f"its process ended with code {code} without a message; its job folder has {LOG}"


def _received(process: TrialProcess) -> Epoch | End | None:
    """Receive the message of a trial process; None where the process is dead."""
    try:
        message: Epoch | End = process.pipe.recv()
        return message
    except (EOFError, OSError):
        return None


def _answer(process: TrialProcess, prune: bool) -> None:
    with suppress(OSError):  # the process is dead, which `attend` notices next
        process.pipe.send(prune)


def _signal(process: ForkServerProcess, number: int) -> None:
    with suppress(ProcessLookupError):
        if process.pid:
            os.kill(process.pid, number)
