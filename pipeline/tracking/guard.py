"""A small process that outlives the training it watches and closes the run if that was killed.

Neither `kill -9` nor the kernel's out-of-memory killer leaves a process time to say goodbye, and MLflow would show the
run as running for ever. The guard holds the reading end of a pipe: its end without a word means that the other side is
gone.
"""

import json
import subprocess
import sys
from collections.abc import Mapping

_GOODBYE = b"done"


class Guard:
    """Watches this process on behalf of a run until `dismiss`.

    Args:
        uri: where the run is kept.
        run_id: the run.
        owner: its tags that name this process. Whoever resumes the run replaces them, and then it is no longer ours.
    """

    def __init__(self, uri: str, run_id: str, owner: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pipeline.tracking.guard", uri, run_id, json.dumps(owner)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # out of reach of Ctrl-C
        )

    def dismiss(self) -> None:
        """The run has been closed in good order."""
        self._process.communicate(_GOODBYE)

    def abandon(self) -> None:
        """The run could not be closed; the guard goes on trying for as long as MLflow does, some minutes."""
        assert self._process.stdin
        self._process.stdin.close()


def main(uri: str, run_id: str, owner: str) -> None:
    """Wait for the end of the pipe; close the run unless the goodbye came before."""
    if sys.stdin.buffer.read() == _GOODBYE:
        return
    # Imported only now: a guard that waits should weigh nothing.
    from mlflow.tracking import MlflowClient

    from pipeline.tracking.owner import end_as_killed

    client = MlflowClient(uri)
    run = client.get_run(run_id)
    if run.info.status == "RUNNING" and json.loads(owner).items() <= run.data.tags.items():
        end_as_killed(client, run_id)


if __name__ == "__main__":
    main(*sys.argv[1:])
