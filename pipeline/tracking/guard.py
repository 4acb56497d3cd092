"""A small process that outlives the training it watches and closes the run if that was killed.

Neither `kill -9` nor the kernel's out-of-memory killer leaves a process time to say goodbye, and MLflow would show the
run as running for ever. The guard holds the reading end of a pipe: its end without a word means that the other side is
gone.
"""

import subprocess
import sys

_GOODBYE = b"done"


class Guard:
    """Watches this process on behalf of a run until `dismiss`."""

    def __init__(self, uri: str, run_id: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pipeline.tracking.guard", uri, run_id],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # out of reach of Ctrl-C
        )

    def dismiss(self) -> None:
        """The run has been closed in good order."""
        self._process.communicate(_GOODBYE)


def main(uri: str, run_id: str) -> None:
    """Wait for the end of the pipe; close the run unless the goodbye came before."""
    if sys.stdin.buffer.read() == _GOODBYE:
        return
    # Imported only now: a guard that waits should weigh nothing.
    from mlflow.tracking import MlflowClient

    from pipeline.tracking.store import end_as_killed

    client = MlflowClient(uri)
    if client.get_run(run_id).info.status == "RUNNING":
        end_as_killed(client, run_id)


if __name__ == "__main__":
    main(*sys.argv[1:])
