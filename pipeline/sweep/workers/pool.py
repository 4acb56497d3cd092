"""A pool starts the trial processes of a worker, listens to them, ends them in time, and explains their deaths."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess

import cloudpickle

from pipeline.process.gpus import gpus
from pipeline.process.interruption import received
from pipeline.sweep.study.claimed_trial import ClaimedTrial
from pipeline.sweep.workers import trial_process
from pipeline.sweep.workers.fork_server import fork_server
from pipeline.sweep.workers.messages import End, Epoch, Job, Loaded
from pipeline.sweep.workers.process_death import end_of_crashed_process

GRACE = 25.0
"""Seconds in which a trial process must end tidily before it is killed.

They suffice to send a checkpoint, and leave the worker some in which to put its trials back: Slurm kills a job 30
seconds after the signal (`KillWait`), unless its administrator grants more, and Kubernetes does after as many.
"""
GRACE_AT_CTRL_C = 7.0
"""The same where a person waits, so that Ctrl-C ends a sweep within 10 seconds."""
TRAININGS = 20
"""Trainings of a trial process before a new one takes its place, so that what leaks in it does not grow."""

Answer = Callable[[ClaimedTrial, Epoch | Loaded], bool | str | None]
"""From a trial and what its process says to the answer, as `messages` has it."""
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
        gpu: the GPU that it sees, as CUDA names it; None where there are none.
    """

    process: ForkServerProcess
    pipe: Connection
    claimed: ClaimedTrial | None = None
    trainings: int = 0
    began_at: float = 0.0
    asked_at: float | None = None
    gpu: str | None = None

    def ask_to_end(self, number: int = signal.SIGTERM) -> None:
        """Ask the process to end, by a signal at which it ends tidily, and which its run then names."""
        self.asked_at = time.monotonic()
        _signal(self.process, number)

    def end(self, deadline: float) -> None:
        """Wait for the end of the process, and kill it after the deadline."""
        self.process.join(max(0.0, deadline - time.monotonic()))
        if self.process.exitcode is None:
            _signal(self.process, signal.SIGKILL)
            self.process.join()
        self.pipe.close()


class Pool:
    """A pool has the trial processes of a worker.

    Each of them sees one of the worker's GPUs, which are shared out evenly: with more slots than GPUs, several trials
    share a GPU.

    Args:
        slots: the number of trials that are trained at once.
        time_limit: minutes that each training may take; None for no limit.
    """

    def __init__(self, slots: int, time_limit: float | None) -> None:
        self.slots = slots
        self.time_limit = time_limit
        self.processes: list[TrialProcess] = []
        self._gpus = gpus()
        fork_server()  # which imports what trial processes need, while the worker claims its first trials

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

    def attend(self, answer: Answer, at_the_end: AtTheEnd, patience: float = 1.0) -> None:
        """Answer the messages of the trial processes, and wait for one at most so many seconds."""
        if not self.processes:
            time.sleep(patience)
        for pipe in wait([process.pipe for process in self.processes], patience):
            process = next(each for each in self.processes if each.pipe is pipe)
            message = _received(process)
            claimed = process.claimed
            if isinstance(message, Epoch | Loaded):
                assert claimed
                _send(process, answer(claimed, message))
                continue
            process.claimed = None
            if not message or message.is_cut_short or process.asked_at or process.trainings >= TRAININGS:
                self._part_with(process, alive=bool(message))
            if claimed:
                late = self.time_limit if process.asked_at else None
                at_the_end(claimed, message or end_of_crashed_process(process.process.exitcode, late))
        self._end_those_too_late()

    def _new(self) -> TrialProcess:
        server = fork_server()
        here, there = server.Pipe()
        used = [each.gpu for each in self.processes]
        gpu = min(self._gpus, key=used.count, default=None)
        process = server.Process(target=trial_process.run, args=(there, gpu), daemon=True)
        process.start()
        there.close()
        self.processes.append(TrialProcess(process, here, gpu=gpu))
        return self.processes[-1]

    def _part_with(self, process: TrialProcess, *, alive: bool) -> None:
        self.processes.remove(process)
        if alive:
            _signal(process.process, signal.SIGTERM)  # as it waits for another job
        process.end(time.monotonic() + GRACE)

    def drop(self, claimed: ClaimedTrial) -> None:
        """Kill the process that works on a trial, which then writes nothing more about the trial."""
        process = next(each for each in self.processes if each.claimed == claimed)
        self.processes.remove(process)
        process.end(time.monotonic())

    def dismiss(self) -> None:
        """End all trial processes, tidily if they are quick, by the signal that the worker itself got, if any."""
        number = next(iter(received()), signal.SIGTERM)
        for process in self.processes:
            process.ask_to_end(number)
        deadline = time.monotonic() + (GRACE_AT_CTRL_C if number == signal.SIGINT else GRACE)
        while self.processes:
            self.processes.pop().end(deadline)

    def _end_those_too_late(self) -> None:
        now = time.monotonic()
        for process in self.processes:
            if process.asked_at and now > process.asked_at + GRACE:
                _signal(process.process, signal.SIGKILL)
            elif not process.asked_at and self._is_late(process, now):
                process.ask_to_end()

    def _is_late(self, process: TrialProcess, now: float) -> bool:
        limit = self.time_limit
        return bool(limit and process.claimed and now > process.began_at + limit * 60)


def _received(process: TrialProcess) -> Epoch | Loaded | End | None:
    """Receive the message of a trial process; None where the process is dead."""
    try:
        message: Epoch | Loaded | End = process.pipe.recv()
        return message
    except (EOFError, OSError):
        return None


def _send(process: TrialProcess, answer: bool | str | None) -> None:
    with suppress(OSError):  # the process is dead, which `attend` notices next
        process.pipe.send(answer)


def _signal(process: ForkServerProcess, number: int) -> None:
    with suppress(ProcessLookupError):
        if process.pid:
            os.kill(process.pid, number)
