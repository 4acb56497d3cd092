"""Children at work on trials: begun, listened to, ended in time, and their deaths explained."""

import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess

import cloudpickle

from pipeline.sweep.study.plan import Claimed
from pipeline.sweep.workers import trial_process as child
from pipeline.sweep.workers.processes import warm_processes
from pipeline.sweep.workers.trial_process import End, Epoch, Job

PATIENCE = 7.0
"""Seconds in which a child must have ended tidily before it is killed."""
TRAININGS = 20
"""Of a child, lest what leaks in it grows."""

AfterEpoch = Callable[[Claimed, int, Mapping[str, float]], bool]
AtTheEnd = Callable[[Claimed, End], None]


@dataclass(eq=False)
class TrialProcess:
    """A child and what it works on.

    Attributes:
        claimed: what it works on; None while it has nothing to do.
        trainings: that it was given so far.
        began: the latest of them, when, seconds.
        asked: when it was asked to end, seconds; None if it was not.
    """

    process: ForkServerProcess
    pipe: Connection
    claimed: Claimed | None = None
    trainings: int = 0
    began: float = 0.0
    asked: float | None = None

    def ask_to_end(self) -> None:
        """Ask the process to end, as Ctrl-C does."""
        self.asked = self.asked or time.monotonic()
        _signal(self.process, signal.SIGTERM)

    def end(self, deadline: float) -> None:
        """Wait for its end, with force after the deadline."""
        self.process.join(max(0.0, deadline - time.monotonic()))
        if self.process.exitcode is None:
            _signal(self.process, signal.SIGKILL)
            self.process.join()
        self.pipe.close()


class Pool:
    """So many children at work at once.

    Args:
        slots: their number.
        time_limit: minutes that each training may take; None for no limit.
    """

    def __init__(self, slots: int, time_limit: float | None) -> None:
        self.slots, self.time_limit = slots, time_limit
        self.processes: list[TrialProcess] = []
        self._context = warm_processes()

    @property
    def has_room(self) -> bool:
        """Whether one more may begin."""
        return sum(process.claimed is not None for process in self.processes) < self.slots

    def begin(self, claimed: Claimed, job: Job) -> None:
        """Give a child a job."""
        process = next((each for each in self.processes if each.claimed is None), None) or self._new()
        process.claimed, process.began, process.trainings = claimed, time.monotonic(), process.trainings + 1
        with suppress(OSError):  # it is dead, which is what is heard next
            # In a process of joblib's, Hydra has loaded its plugins twice, whose classes pickle alone would not send.
            process.pipe.send_bytes(cloudpickle.dumps(job))

    def attend(self, after_epoch: AfterEpoch, at_the_end: AtTheEnd, patience: float = 1.0) -> None:
        """Hear what the children have to say, and wait for it so many seconds."""
        if not self.processes:
            time.sleep(patience)
        for pipe in wait([process.pipe for process in self.processes], patience):
            process = next(each for each in self.processes if each.pipe is pipe)
            said, claimed = _heard(process), process.claimed
            if isinstance(said, Epoch):
                assert claimed
                _answer(process, after_epoch(claimed, said.number, said.metrics))
                continue
            process.claimed = None
            if not said or said.failure or process.asked or process.trainings >= TRAININGS:
                self._part_with(process, alive=bool(said))
            if claimed:
                at_the_end(claimed, said or End(failure=self._cause_of_death(process)))
        self._end_those_too_late()

    def _new(self) -> TrialProcess:
        ours, its = self._context.Pipe()
        process = self._context.Process(target=child.run, args=(its,), daemon=True)
        process.start()
        its.close()
        self.processes.append(TrialProcess(process, ours))
        return self.processes[-1]

    def _part_with(self, process: TrialProcess, *, alive: bool) -> None:
        self.processes.remove(process)
        if alive:
            _signal(process.process, signal.SIGTERM)  # it waits for another job
        process.end(time.monotonic() + PATIENCE)

    def dismiss(self) -> None:
        """End all, tidily if they are quick."""
        for process in self.processes:
            process.ask_to_end()
        deadline = time.monotonic() + PATIENCE
        while self.processes:
            self.processes.pop().end(deadline)

    def _end_those_too_late(self) -> None:
        now = time.monotonic()
        for process in self.processes:
            if process.asked and now > process.asked + PATIENCE:
                _signal(process.process, signal.SIGKILL)
            elif self.time_limit and process.claimed and now > process.began + self.time_limit * 60:
                process.ask_to_end()

    def _cause_of_death(self, process: TrialProcess) -> str:
        code = process.process.exitcode
        if process.asked:
            return f"it took longer than sweep.trial_timeout={self.time_limit:g} minutes"
        if code and code < 0:
            memory = "; perhaps the memory was used up: fewer slots or smaller batches need less" if code == -9 else ""
            return f"its process was killed by {signal.Signals(-code).name}{memory}"
        if code == 0:
            return "its process was asked to end, by a signal that was not the sweep's"
        return f"its process ended with code {code} without a word; its folder holds {child.LOG}"


def _heard(process: TrialProcess) -> Epoch | End | None:
    try:
        said: Epoch | End = process.pipe.recv()
        return said
    except (EOFError, OSError):
        return None


def _answer(process: TrialProcess, end_now: bool) -> None:
    with suppress(OSError):  # it is dead, which is what it says next
        process.pipe.send(end_now)


def _signal(process: ForkServerProcess, number: int) -> None:
    with suppress(ProcessLookupError):
        if process.pid:
            os.kill(process.pid, number)
