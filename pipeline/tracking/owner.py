"""The owner of a run is a process; a run whose owner is gone is ended by whoever notices."""

import hashlib
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from pipeline.tracking.description import ended_early
from pipeline.tracking.measurement import milliseconds
from pipeline.tracking.store_address import resume_command
from pipeline.tracking.tags import NOTE, PARENT, STUDY
from pipeline.tracking.typed_command import is_multirun, trusted_in
from pipeline.tracking.writes import Batch, Status

if TYPE_CHECKING:
    from pipeline.tracking.store import MlflowRun, Store

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_MACHINE = Path("/etc/machine-id")
_AFTER_BOOT = " ticks after boot "
RAY_JOB = "VAE_RAY_JOB"
"""The environment variable that names the job of Ray that a process is in; Ray runs a job in one process at a time."""

STUDY_AGAIN = "the command of the study, typed once more as it was"
"""The cure of a run of a study that ended too early."""


def owner_tags() -> dict[str, str]:
    """Return the tags by which other processes can tell whether the process of a run is still there."""
    me = psutil.Process()
    ours = {"host": socket.gethostname(), "machine": _machine(), "pid": str(me.pid), "process_started": _started(me)}
    return ours | _engine_tags()


def _engine_tags() -> dict[str, str]:
    """Return the jobs of Ray and Slurm that this process is in, if any, and how often Slurm requeued its own."""
    ray, slurm = os.environ.get(RAY_JOB), os.environ.get("SLURM_JOB_ID")
    of_slurm = {"slurm_job": slurm, "slurm_requeues": os.environ.get("SLURM_RESTART_COUNT", "0")} if slurm else {}
    return ({"ray_job": ray} if ray else {}) | of_slurm


def is_visible(tags: Mapping[str, str]) -> bool:
    """Tell whether the process that wrote these `owner_tags` can be seen from here, if it still runs.

    Nobody sees the processes of another machine, not even of one that has the same host name, or of another container.
    """
    if tags.get("host") != socket.gethostname():
        return False
    boot = tags.get("process_started", "").partition(_AFTER_BOOT)[2]
    is_same_boot = boot.partition(" ")[0] == _boot().partition(" ")[0]
    if boot and is_same_boot:
        return boot == _boot()
    # What this machine wrote before it was started anew is of this machine; earlier versions kept the name alone.
    return "machine" not in tags or tags["machine"] == _machine() != ""


def is_alive(tags: Mapping[str, str]) -> bool:
    """Tell whether the process that wrote these `owner_tags` still runs; one that nobody sees here is taken to run.

    Unless it belonged to an earlier start of the job of Ray or Slurm that this process is in.
    """
    if "host" in tags and not is_visible(tags):
        return not _is_of_earlier_start(tags)
    try:
        process = psutil.Process(int(tags["pid"]))
        began = tags["process_started"]
        # Earlier versions wrote seconds: a few of difference are a corrected clock, many another process of the number.
        same = began == _started(process) if _AFTER_BOOT in began else abs(process.create_time() - float(began)) < 10
        return bool(same) and process.status() != psutil.STATUS_ZOMBIE
    except (KeyError, ValueError, psutil.NoSuchProcess):
        return False


def _is_of_earlier_start(tags: Mapping[str, str]) -> bool:
    """Tell whether tags that another machine wrote are of an earlier start of the job that this process is in."""
    now = _engine_tags()
    if "ray_job" in now and tags.get("ray_job") == now["ray_job"]:
        return True
    same_job = "slurm_job" in now and tags.get("slurm_job") == now["slurm_job"]
    return same_job and int(tags.get("slurm_requeues", 0)) < int(now["slurm_requeues"])


def _started(process: psutil.Process) -> str:
    """Say when a process started: where `/proc` has it in ticks after the boot, which no change of the clock changes.

    Raises:
        NoSuchProcess: it has ended.
    """
    if not (boot := _boot()):
        return str(process.create_time())
    try:
        stat = Path(f"/proc/{process.pid}/stat").read_text()
    except OSError:
        raise psutil.NoSuchProcess(process.pid) from None
    ticks = stat.rpartition(")")[2].split()[19]  # after the name in parentheses, which may have spaces
    return f"{ticks}{_AFTER_BOOT}{boot}"


def _machine() -> str:
    """Give what tells this machine from others of its name; empty where it has none, as in most containers."""
    try:
        name = _MACHINE.read_text().strip()
    except OSError:
        return ""
    return hashlib.sha256(name.encode()).hexdigest()[:12] if name else ""  # as machine-id(5) asks not to show it


def _boot() -> str:
    """Name this boot of the machine, and the processes that are seen from this one; empty where there is no `/proc`."""
    try:
        return f"{_BOOT.read_text().strip()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def end_as_killed(store: "Store", run_id: str) -> None:
    """Close a run whose process is gone, and say so in its description."""
    run = store.client.get_run(run_id)
    how = f"**The process was killed.** Go on with {_cure(store, run)}"
    note = Batch(tags={NOTE: ended_early(how, run.data.tags)})
    store.write(run_id, note, Status(status="KILLED", ended=milliseconds()))


def _cure(store: "Store", run: "MlflowRun") -> str:
    run_id, tags = run.info.run_id, run.data.tags
    if STUDY in tags:
        return STUDY_AGAIN
    if store.children(run_id):
        return _family_again(run_id)
    if run.data.metrics:
        return f"`{resume_command(store.uri, run_id, trusted_in(tags))}`"
    if PARENT in tags and is_multirun(tags):
        return _family_again(tags[PARENT])
    return "its command, typed once more: no epoch had ended"


def _family_again(run_id: str) -> str:
    return f"the command of the family, typed once more with `resume={run_id}`"
