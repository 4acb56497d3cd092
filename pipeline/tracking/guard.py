"""A guard is a small process that outlives the training it watches, and closes the run if that was killed.

Neither `kill -9` nor the kernel's out-of-memory killer leaves a process time to say goodbye, and MLflow would show the
run as running for ever. The guard holds the reading end of a pipe: its end without a word means that the other side is
gone.
"""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipeline.address import Address
from pipeline.process.interruption import signals_blocked

if TYPE_CHECKING:
    from pipeline.tracking.first_contact import Offline

_GOODBYE = b"done"
TRIES = 60
"""How often a guard tries to close a run; the store may be locked, full or away for a while."""
PAUSE = 10.0
"""Seconds between two tries."""


class Guard:
    """A guard watches this process on behalf of a run until `dismiss`.

    Args:
        uri: where the run is kept.
        run_id: the run.
        owner: its tags that name this process. Whoever resumes the run replaces them, and then it is no longer ours.
        offline: whether the guard connects to a server, see `Offline`.
    """

    def __init__(self, uri: Address, run_id: str, owner: Mapping[str, str], offline: str = "auto") -> None:
        # By pipe: an argument would be read in `ps` by whoever shares the machine.
        with signals_blocked():  # a signal for all processes must not end the guard before the one that it watches
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pipeline.tracking.guard"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        assert self._process.stdin
        self._process.stdin.write(json.dumps([uri.full, run_id, owner, offline]).encode() + b"\n")
        self._process.stdin.flush()

    def dismiss(self) -> None:
        """Tell the guard that the run has been closed in good order."""
        self._process.communicate(_GOODBYE)

    def abandon(self) -> None:
        """Leave the run, which could not be closed, to the guard; it tries for some minutes."""
        assert self._process.stdin
        self._process.stdin.close()


def main() -> None:
    """Read what to watch over, wait for the end of the pipe, and close the run unless the goodbye came before."""
    task = sys.stdin.buffer.readline()
    if not task or sys.stdin.buffer.read() == _GOODBYE:
        return
    # Imported only now: a guard that waits should weigh nothing.
    from mlflow.exceptions import MlflowException

    from pipeline.errors import InputError

    for rest in reversed(range(TRIES)):
        try:
            _close(*json.loads(task))
            return
        except (InputError, MlflowException, OSError):  # such as a database that another process has locked
            if not rest:
                raise
            time.sleep(PAUSE)


def _close(uri: str, run_id: str, owner: Mapping[str, str], offline: "Offline") -> None:
    """Close a run whose process is gone, unless another process has closed it or goes on with it."""
    from pipeline.tracking.owner import end_as_killed
    from pipeline.tracking.store import Store

    store = Store(uri, offline)
    run = store.run(run_id)
    if run.info.status == "RUNNING" and owner.items() <= run.data.tags.items():
        end_as_killed(store, run_id)
        store.settle(run_id)


if __name__ == "__main__":
    main()
