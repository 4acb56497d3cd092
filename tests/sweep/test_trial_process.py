"""A trial process ends with its worker, whatever became of the signals that it got before."""

import gc
import multiprocessing
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import cloudpickle

from pipeline.sweep.workers import trial_process
from pipeline.sweep.workers.messages import End, Job


class Discards:
    """A destructor in which a signal arrives, so that Python discards what its handler raises."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)


@dataclass
class Folder:
    """A folder of jobs in which no training can begin; when memory is freed after it, an interruption is discarded."""

    path: Path

    def __truediv__(self, name: str) -> Path:
        gc.disable()  # nothing is freed before the training has ended
        lost = Discards()
        lost.itself = lost  # type: ignore[attr-defined]
        return self.path / name


def test_a_process_whose_interruption_was_discarded_ends_with_its_worker(tmp_path: Path) -> None:
    """No further signal raises, so that it would wait for its next job for ever, and its run stay RUNNING."""
    context = multiprocessing.get_context("spawn")
    worker, its = context.Pipe()
    process = context.Process(target=trial_process.run, args=(its, None))
    process.start()
    its.close()
    job = Job(None, None, Folder(tmp_path), 0, [], None)  # type: ignore[arg-type]
    cloudpickle.register_pickle_by_value(__import__(__name__, fromlist=["Folder"]))
    worker.send_bytes(cloudpickle.dumps(job))
    end = worker.recv()
    assert isinstance(end, End)
    assert end.failure
    assert process.is_alive()
    worker.close()
    process.join(30)
    code = process.exitcode
    process.kill()
    assert code == 128 + signal.SIGTERM
