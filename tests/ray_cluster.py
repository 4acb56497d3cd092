"""A Ray cluster of tests: two nodes on loopback, with names, ports and folders of their own, until the test ends."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from checkout import free_port, renamed

RAY = (sys.executable, "-m", "ray.scripts.scripts")


class RayCluster:
    """A Ray cluster at work.

    Attributes:
        address: by which commands on its nodes connect to it.
        client: by which commands of other machines do.
        environment: the variables without which nobody gets in: Ray listens on all addresses of the machine.
        folder: of the nodes' sessions, with their logs.
    """

    def __init__(self, folder: Path, patience: int) -> None:
        self.folder = folder
        self._port = free_port()
        self._ports = {"ray-client-server-port": free_port(), "runtime-env-agent-port": free_port()}
        self.address = f"127.0.0.2:{self._port}"
        self.client = f"ray://127.0.0.1:{self._ports['ray-client-server-port']}"
        self.environment = {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S": str(patience),
        }
        self._nodes: list[subprocess.Popen[bytes]] = []

    def start_node(self, *, cpus: int, gpus: int = 0, again: int | None = None) -> None:
        """Start a node as users do, the first one as the head; or one again that was killed, by its number."""
        number = len(self._nodes) if again is None else again
        ports = [f"--{name}={port}" for name, port in self._ports.items()]
        where = [f"--port={self._port}", "--head", "--include-dashboard=false", *ports]
        options = {"node-ip-address": f"127.0.0.{number + 2}", "num-cpus": cpus, "num-gpus": gpus}
        # A folder of its own: in that of before Ray finds the address of a head that other nodes still name.
        options |= {"temp-dir": tempfile.mkdtemp(dir=self.folder), "object-store-memory": 80_000_000}
        with (self.folder / f"node{number}.log").open("wb") as log:
            node = subprocess.Popen(
                [
                    *renamed(f"node{number}"),
                    *RAY,
                    "start",
                    "--block",
                    *(where if number == 0 else [f"--address={self.address}"]),
                ]
                + [f"--{name}={value}" for name, value in options.items()],
                env={**os.environ, **self.environment},
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._nodes[number : number + 1] = [node]
        self._wait_for(node, log.name)

    def kill_node(self, number: int) -> None:
        """Kill all processes of a node at once, as a loss of power does, those of jobs and trainings included."""
        processes = [psutil.Process(self._nodes[number].pid), *self.processes(number)]
        for each in processes:
            each.kill()
        self._nodes[number].wait()

    def is_alive(self, number: int) -> bool:
        """Whether a node has not ended, of itself or killed."""
        return self._nodes[number].poll() is None

    def processes(self, number: int, named: str = "") -> list[psutil.Process]:
        """The processes of a node in whose command line there is a text."""
        found = []
        for each in psutil.Process(self._nodes[number].pid).children(recursive=True):
            try:
                if named in " ".join(each.cmdline()):
                    found.append(each)
            except psutil.NoSuchProcess:
                continue
        return found

    def say(self, *command: str) -> None:
        """Have a command of Ray's done, on a node.

        Raises:
            CalledProcessError: it failed.
        """
        where = [f"--address={self.address}"]
        env = {**os.environ, **self.environment}
        subprocess.run([*RAY, *command, *where], env=env, check=True, capture_output=True, timeout=120)

    def stop(self) -> None:
        """Stop all nodes that are left."""
        for number, node in enumerate(self._nodes):
            if node.poll() is None:
                self.kill_node(number)

    def _wait_for(self, node: subprocess.Popen[bytes], log: str) -> None:
        deadline = time.monotonic() + 120
        while "Ray runtime started" not in (said := Path(log).read_text()):
            assert node.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.2)


@contextmanager
def ray_cluster(*, cpus: int, gpus: int = 0, nodes: int = 2, patience: int = 120) -> Iterator[RayCluster]:
    """Nodes of the same size, in a folder whose name is short enough for the sockets in it.

    The head waits so many seconds for the process of a client: the 30 of Ray's own are too few on a busy machine.
    """
    folder = Path(tempfile.mkdtemp(prefix="ray", dir="/tmp"))
    cluster = RayCluster(folder, patience)
    try:
        for _ in range(nodes):
            cluster.start_node(cpus=cpus, gpus=gpus)
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
