"""A Slurm of tests: one node at 127.0.0.1, with daemons, ports and files of its own, which stop with the test."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from checkout import free_port

DAEMONS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scancel")
CPUS = 2
CONFIG = """
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=10
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SlurmctldParameters=preempt_send_user_signal
SchedulerParameters=batch_sched_delay=1,sched_interval=1,sched_min_interval=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
MpiDefault=none
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=low Nodes={host} Default=YES PriorityTier=1 GraceTime=30
PartitionName=high Nodes={host} PriorityTier=2 PreemptMode=OFF
"""
"""A requeued job waits as long as a credential lives, of which `cred_expire` makes seconds of minutes.

All processes of a job get its signals, as with control groups, which a test cannot set up.
"""


class Slurm:
    """A Slurm at work; `environment` has the variables by which commands find it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {"SLURM_CONF": str(folder / "slurm.conf")}

    def say(self, *command: str) -> str:
        """What a command of Slurm's prints.

        Raises:
            CalledProcessError: it failed.
        """
        return subprocess.run(
            command, env={**os.environ, **self.environment}, capture_output=True, text=True, check=True, timeout=60
        ).stdout.strip()

    def queue(self) -> list[str]:
        """Number and state of each job that is not over, as `3_0 RUNNING`."""
        return self.say("squeue", "--noheader", "--array", "--format=%i %T").splitlines()

    def wait_for_end(self, seconds: float = 300) -> None:
        """Until no job is left."""
        deadline = time.monotonic() + seconds
        while queue := self.queue():
            assert time.monotonic() < deadline, queue
            time.sleep(0.5)


def why_not() -> str:
    """Why no Slurm can be started here; empty if one can."""
    missing = [each for each in DAEMONS if not shutil.which(each, path=_PATH)]
    if missing:
        return f"Slurm is not installed ({', '.join(missing)}): apt-get install slurmctld slurmd slurm-client munge"
    return "" if os.geteuid() == 0 else "Slurm's daemons are started by root"


@contextmanager
def running(folder: Path) -> Iterator[Slurm]:
    """A Slurm in a folder, until the block ends; the test is skipped, with the reason, where none can be started."""
    if reason := why_not():
        pytest.skip(reason)
    slurm = Slurm(folder)
    folder.chmod(0o700)
    for name in ("state", "spool"):
        (folder / name).mkdir()
    host = socket.gethostname().partition(".")[0]
    ports = {"controller_port": free_port(), "node_port": free_port()}
    (folder / "slurm.conf").write_text(CONFIG.format(folder=folder, host=host, cpus=CPUS, **ports))
    (folder / "munge.key").write_bytes(os.urandom(128))
    (folder / "munge.key").chmod(0o400)
    key, place = f"--key-file={folder}/munge.key", f"--socket={folder}/munge.socket"
    own = (f"--pid-file={folder}/munged.pid", f"--seed-file={folder}/munged.seed")
    started: list[subprocess.Popen[bytes]] = []
    try:
        started.append(_daemon(slurm, "munged", "--foreground", "--force", key, place, *own))
        _wait_until((folder / "munge.socket").exists, folder)
        started.append(_daemon(slurm, "slurmctld", "-D"))
        started.append(_daemon(slurm, "slurmd", "-D"))
        _wait_until(lambda: "idle" in _said(slurm, "sinfo", "--noheader", "--format=%T"), folder)
        yield slurm
    finally:
        if len(started) == 3:
            slurm.say("scancel", "--user=root")
            slurm.wait_for_end()
        for process in reversed(started):
            process.terminate()
            process.wait(30)


_PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"


def _daemon(slurm: Slurm, *command: str) -> subprocess.Popen[bytes]:
    with (slurm.folder / f"{command[0]}.log").open("wb") as log:
        environment = {**os.environ, **slurm.environment, "PATH": _PATH}
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)


def _said(slurm: Slurm, *command: str) -> str:
    try:
        return slurm.say(*command)
    except subprocess.CalledProcessError:  # it has not started yet
        return ""


def _wait_until(is_so, folder: Path) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        logs = "\n".join(log.read_text()[-2000:] for log in folder.glob("*.log"))
        assert time.monotonic() < deadline, f"Slurm did not start: {logs}"
        time.sleep(0.1)
