"""Trial processes end in every way there is."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection

import pytest

from pipeline.sweep.study.claimed_trial import ClaimedTrial
from pipeline.sweep.workers.fork_server import fork_server
from pipeline.sweep.workers.messages import End
from pipeline.sweep.workers.pool import Pool, TrialProcess


@dataclass
class Ends:
    """A job whose trial process ends as soon as it receives it."""

    code: int

    def __reduce__(self) -> tuple:
        return os._exit, (self.code,)


@dataclass
class Kills(Ends):
    """A job whose trial process kills itself by a signal."""

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
        (Ends(3), "its process ended with code 3 without a message; its job folder has training.log"),
        (Kills(15), "its process was asked to end, by a signal that was not the sweep's"),
        (Kills(9), "killed by SIGKILL; perhaps the memory was used up: fewer slots or smaller batches need less"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Ends) else "",
)
def test_a_process_that_dies_is_its_trials_failure_with_the_reason(pool: Pool, job: Ends, reason: str) -> None:
    ends: dict[int, End] = {}
    pool.begin(ClaimedTrial(0, 0, {}), job)
    while not ends:
        pool.attend(lambda *_: False, lambda claimed, end: ends.setdefault(claimed.number, end))
    assert reason in str(ends[0].failure)
    assert pool.has_room


def ends_just_when_it_is_asked_to(worker: Connection) -> None:
    signal.signal(signal.SIGTERM, lambda *_: worker.send(End(metrics={})))
    worker.send(None)
    while True:
        signal.pause()


def test_a_process_that_was_asked_to_end_and_had_just_finished_gets_no_other_job() -> None:
    pool = Pool(1, time_limit=1e-6)
    ours, its = fork_server().Pipe()
    process = fork_server().Process(target=ends_just_when_it_is_asked_to, args=(its,), daemon=True)
    process.start()
    ours.recv()  # it is ready
    pool.processes.append(TrialProcess(process, ours, ClaimedTrial(0, 0, {}), trainings=1, began_at=time.monotonic()))
    ends: list[End] = []
    while not ends:
        pool.attend(lambda *_: False, lambda _, end: ends.append(end))
    assert ends == [End(metrics={})], "it has finished all the same"
    assert pool.processes == []
    process.join(10)
    assert process.exitcode is not None
