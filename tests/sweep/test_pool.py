"""Trial processes end in every way there is."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from threading import Timer

import pytest
from checkout import Checkout

from pipeline.errors import Interrupted
from pipeline.process.interruption import SIGNALS
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


@pytest.mark.parametrize("number", SIGNALS, ids=lambda each: each.name)
def test_a_training_that_a_signal_ends_is_preempted(pool: Pool, number: signal.Signals) -> None:
    ends: list[End] = []
    pool.begin(ClaimedTrial(0, 0, {}), Kills(number))
    while not ends:
        pool.attend(lambda *_: False, lambda _, end: ends.append(end))
    assert ends == [End(preempted=True)]
    assert pool.has_room


def test_a_worker_that_ends_with_its_trial_processes_takes_none_for_a_failure(
    pool: Pool, listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.sweep.workers.process_death.WORKER_DEATH", 60.0)
    ends: list[End] = []
    pool.begin(ClaimedTrial(0, 0, {}), Kills(signal.SIGKILL))
    [process] = pool.processes
    process.process.join()
    Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with pytest.raises(Interrupted):
        pool.attend(lambda *_: False, lambda _, end: ends.append(end))
    assert not ends


SIGNALLED = """
import os
import psutil
from pipeline.process.interruption import SIGNALS
from pipeline.sweep.workers.fork_server import fork_server

def exit_code():
    process = fork_server().Process(target=os.getpid)
    process.start()
    process.join()
    return process.exitcode

if __name__ == "__main__":
    assert exit_code() == 0
    kinds = ("forkserver", "resource_tracker")
    servers = [each for each in psutil.Process().children() if any(kind in str(each.cmdline()) for kind in kinds)]
    for each in servers:
        for number in SIGNALS:
            each.send_signal(number)
    assert exit_code() == 0
    print([each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in servers])
"""
"""A process that sends every signal to the servers that it has started, then uses them."""


@pytest.mark.slow
def test_no_signal_ends_the_servers_of_a_worker(checkout: Checkout) -> None:
    (checkout.root / "signalled.py").write_text(SIGNALLED)
    done = checkout.run("signalled")
    assert done.stdout == "[True, True]\n", done.stderr


def sends_its_checkpoint_when_it_is_asked_to_end(worker: Connection) -> None:
    def send(*_: object) -> None:
        time.sleep(2)
        os._exit(3)

    for number in SIGNALS:
        signal.signal(number, send)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    worker.send(None)
    while True:
        signal.pause()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 3), (signal.SIGINT, -signal.SIGKILL)])
def test_trial_processes_may_take_their_time_unless_a_person_waits(
    listening, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, code: int
) -> None:
    monkeypatch.setattr("pipeline.sweep.workers.pool.GRACE_AT_CTRL_C", 0.5)
    pool = Pool(1, None)
    ours, its = fork_server().Pipe()
    process = fork_server().Process(target=sends_its_checkpoint_when_it_is_asked_to_end, args=(its,), daemon=True)
    process.start()
    ours.recv()  # it is ready
    pool.processes.append(TrialProcess(process, ours, ClaimedTrial(0, 0, {})))
    with pytest.raises(Interrupted):
        os.kill(os.getpid(), number)
    pool.dismiss()
    assert process.exitcode == code


def ends_just_when_it_is_asked_to(worker: Connection) -> None:
    signal.signal(signal.SIGTERM, lambda *_: worker.send(End(metrics={})))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    worker.send(None)
    while True:
        signal.pause()


@pytest.mark.slow
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
