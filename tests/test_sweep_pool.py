"""Children that end in every way there is."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection

import pytest

from pipeline.sweep.study.plan import Claimed
from pipeline.sweep.workers.pool import Pool, TrialProcess
from pipeline.sweep.workers.processes import warm_processes
from pipeline.sweep.workers.trial_process import End


@dataclass
class Ends:
    """A job whose child ends as soon as it hears of it."""

    code: int

    def __reduce__(self) -> tuple:
        return os._exit, (self.code,)


@dataclass
class Kills(Ends):
    """A job whose child is killed by a signal, its own."""

    def __reduce__(self) -> tuple:
        return signalled, (self.code,)


def signalled(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = Pool(2, None)
    yield pool
    pool.dismiss()


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        (Ends(3), "its process ended with code 3 without a word; its folder holds training.log"),
        (Kills(15), "its process was asked to end, by a signal that was not the sweep's"),
        (Kills(9), "killed by SIGKILL; perhaps the memory was used up: fewer slots or smaller batches need less"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Ends) else "",
)
def test_a_child_that_dies_is_its_trials_failure_with_the_reason(pool: Pool, job: Ends, reason: str) -> None:
    ends: dict[int, End] = {}
    pool.begin(Claimed(0, 0, {}), job)
    while not ends:
        pool.attend(lambda *_: False, lambda claimed, end: ends.setdefault(claimed.number, end))
    assert reason in str(ends[0].failure)
    assert pool.has_room


def ends_just_when_it_is_asked_to(worker: Connection) -> None:
    signal.signal(signal.SIGTERM, lambda *_: worker.send(End(metrics={})))
    worker.send(None)
    while True:
        signal.pause()


def test_a_child_that_was_asked_to_end_and_had_just_finished_gets_no_other_job() -> None:
    pool = Pool(1, time_limit=1e-6)
    ours, its = warm_processes().Pipe()
    process = warm_processes().Process(target=ends_just_when_it_is_asked_to, args=(its,), daemon=True)
    process.start()
    ours.recv()  # it is ready
    pool.processes.append(TrialProcess(process, ours, Claimed(0, 0, {}), trainings=1, began=time.monotonic()))
    ends: list[End] = []
    while not ends:
        pool.attend(lambda *_: False, lambda _, end: ends.append(end))
    assert ends == [End(metrics={})], "it has finished all the same"
    assert pool.processes == []
    process.join(10)
    assert process.exitcode is not None
