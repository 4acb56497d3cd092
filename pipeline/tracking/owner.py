"""Which process a run belongs to, and the end of a run whose process is gone."""

import socket

import psutil
from mlflow.tracking import MlflowClient

from pipeline.address import Address
from pipeline.tracking.store_address import resume_command
from pipeline.tracking.tags import NOTE


def owner_tags() -> dict[str, str]:
    """Return the tags by which other processes can tell whether the process of a run is still there."""
    me = psutil.Process()
    return {"host": socket.gethostname(), "pid": str(me.pid), "process_started": str(me.create_time())}


def is_alive(tags: dict[str, str]) -> bool:
    """Tell whether the process that wrote these `owner_tags` still runs; one of another machine is taken to run."""
    try:
        if tags["host"] != socket.gethostname():
            return True  # nobody can tell from here
        process = psutil.Process(int(tags["pid"]))
        # Seconds of difference are a corrected clock; another process of this number would have started much later.
        same = abs(process.create_time() - float(tags["process_started"])) < 10
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (KeyError, ValueError, psutil.NoSuchProcess):
        return False


def end_as_killed(client: MlflowClient, uri: Address, run_id: str) -> None:
    """Close a run whose process is gone, and say so in its description."""
    note = f"**The process was killed.** Go on with `{resume_command(uri, run_id)}`"
    before = client.get_run(run_id).data.tags.get(NOTE, "")
    client.set_tag(run_id, NOTE, f"{note}\n\n{before}")
    client.set_terminated(run_id, "KILLED")
