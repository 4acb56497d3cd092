"""Seconds that a tracking server costs a run: one that answers, and one that freezes in the second epoch.

The same command is timed with each server, and with a database, which needs none, in turn. The servers run on this
machine and share its cores with the training, as a server elsewhere does not.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from benchmarks.interleave import rotated
from benchmarks.statistics import Spread, ratio_of
from benchmarks.whole_run import environment, recording_in, training
from pipeline.address import Address
from pipeline.tracking.outbox.write_behind import home_of

DATABASE, ANSWERS, FREEZES = "database", "server that answers", "server that freezes"
TARGETS = {ANSWERS: 0.01, FREEZES: 0.02}
"""The share of a run that each server may cost."""
_SECOND_EPOCH = re.compile(r"epoch +2/")


def server_costs(
    overrides: Sequence[str], hidden: Sequence[str], rounds: int, scratch: Path, say: Callable[[str], None]
) -> dict[str, Any]:
    """The record of a command that is timed with a database and with two servers, in turn.

    Args:
        overrides: of the command, as the record has it.
        hidden: further ones, which the record leaves out.
        rounds: in each of which every one is timed once.
        scratch: a folder for runs and databases.
        say: is told what is going on.
    """
    seconds: dict[str, list[float]] = {DATABASE: [], ANSWERS: [], FREEZES: []}
    kept = {DATABASE: recording_in(scratch)}
    command = " ".join(["python -m pipeline.train", *overrides])
    with _server(scratch / "answers") as answers, _server(scratch / "freezes") as freezes:
        kept |= {name: [f"tracking.uri={each.address}"] for name, each in ((ANSWERS, answers), (FREEZES, freezes))}
        for number in range(rounds):
            for name in rotated(list(seconds), number):
                say(f"{command}, {name}: {number + 1}/{rounds}")
                took = _timed([*overrides, *hidden, *kept[name]], scratch, freezes if name == FREEZES else None)
                if isinstance(took, str):
                    return {"command": command, "failed": f"{name}: {took}"}
                seconds[name].append(took)
    return {
        "command": command,
        "programs": {name: asdict(Spread.of(each)) | {"rounds": each} for name, each in seconds.items()},
        "comparisons": {name: _comparison(seconds[name], seconds[DATABASE], name) for name in TARGETS},
    }


def _comparison(with_it: list[float], without: list[float], name: str) -> dict[str, Any]:
    more = Spread.of([each - other for each, other in zip(with_it, without, strict=True)])
    return {
        "seconds": asdict(more),
        "ratio": asdict(ratio_of(with_it, without, ours_above=True)),
        "target": TARGETS[name],
    }


class _Server:
    def __init__(self, process: subprocess.Popen[bytes], address: str) -> None:
        self.process = process
        self.address = address

    def signal(self, number: int) -> None:
        for each in (parent := psutil.Process(self.process.pid), *parent.children(recursive=True)):
            each.send_signal(number)

    @property
    def answers(self) -> bool:
        with suppress(URLError, ConnectionError), urlopen(f"{self.address}/health", timeout=5) as answer:
            return answer.status == 200
        return False


@contextmanager
def _server(folder: Path) -> Iterator[_Server]:
    folder.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    where = ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}", "--artifacts-destination", str(folder)]
    command = [sys.executable, "-m", "mlflow", "server", *where, "--host", "127.0.0.1", "--port", str(port)]
    quiet = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, "--workers", "1"], env=quiet, stdout=log, stderr=log)
        server = _Server(process, f"http://127.0.0.1:{port}")
        try:
            while not server.answers:
                if process.poll() is not None:
                    raise RuntimeError((folder / "log").read_text())
                time.sleep(0.2)
            yield server
        finally:
            server.signal(signal.SIGTERM)
            server.signal(signal.SIGCONT)  # which it needs to hear it, where a run was cut off
            process.wait()
            shutil.rmtree(home_of(Address(server.address)), ignore_errors=True)


def _timed(overrides: Sequence[str], folder: Path, freezes: _Server | None) -> float | str:
    """Seconds of a command, in whose second epoch the server freezes if one is given; or what it said if it failed."""
    command = training(overrides)
    begun = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        said = []
        for line in process.stdout or ():
            said.append(line)
            if freezes and _SECOND_EPOCH.match(line):
                freezes.signal(signal.SIGSTOP)
        code = process.wait()
        seconds = time.perf_counter() - begun
    if freezes:
        freezes.signal(signal.SIGCONT)
        shutil.rmtree(home_of(Address(freezes.address)), ignore_errors=True)  # what the server did not take
    return seconds if code == 0 else "".join(said)
