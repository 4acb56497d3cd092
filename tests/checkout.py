"""A copy of the checkout in which the real commands run, so that tests never touch the runs of whoever tests."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from mlflow.entities import Run
from mlflow.tracking import MlflowClient
from warm import Forked, warm

from pipeline import ROOT

WITH_PICTURES = ("dataset.limit=300", "model.hidden=[16]", "training.epochs=3")
"""Overrides for a training of a second, with all of its pictures."""

SMALL = (*WITH_PICTURES, "pictures=few", "pictures.final=[]")
"""The same where the pictures do not matter: cards of the finished model, and no more."""


@dataclass(frozen=True)
class Ui:
    """`make ui` at work."""

    process: subprocess.Popen[str]
    address: str
    link: str

    def stop(self) -> None:
        """Stop the UI, as Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=30)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def renamed(host: str) -> tuple[str, ...]:
    """What a command begins with for which this machine is to have another name; nothing for users who are not root."""
    return ("unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', host) if not os.getuid() else ()


def wait_for_epoch(process: Forked, epoch: int) -> None:
    """Until a training has said that it has come so far."""
    assert process.stdout
    for line in process.stdout:
        if line.startswith("epoch") and int(line.split()[1].split("/")[0]) >= epoch:
            return
    raise AssertionError(f"ended before epoch {epoch}: {process.stderr.read() if process.stderr else ''}")


class Checkout:
    """Runs `python -m pipeline…` on a copy of the code, with its own `mlruns/`."""

    def __init__(self, root: Path, database: Path | None = None) -> None:
        """Make the copy.

        Args:
            root: where.
            database: without runs, to begin with a copy of; else the first command makes one, in seconds.
        """
        self.root = root
        for folder in ("pipeline", "conf", "hydra_plugins"):
            shutil.copytree(ROOT / folder, root / folder)  # with its byte code, which else each copy would compile anew
        if database:
            (root / "mlruns").mkdir()
            shutil.copy(database, root / "mlruns" / "mlflow.db")

    @property
    def uri(self) -> str:
        """Of the database that the commands use."""
        return f"sqlite:///{self.root / 'mlruns' / 'mlflow.db'}"

    @property
    def client(self) -> MlflowClient:
        return MlflowClient(self.uri)

    def start(
        self,
        module: str,
        *arguments: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        out: TextIO | None = None,
        group: bool = False,
    ) -> Forked:
        """The running command, in a process group of its own if asked for; what it says goes to pipes, or to a file."""
        files = (out, out) if out else None
        return warm().start(module, arguments, cwd or self.root, self.environment(env), files=files, group=group)

    def start_anew(
        self,
        module: str,
        *arguments: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        out: TextIO | None = None,
        group: bool = False,
        host: str | None = None,
        before: Sequence[str] = (),
    ) -> subprocess.Popen[str]:
        """The same in a Python that was started for it, for what depends on how, the memory or the host.

        Args:
            before: the beginning of the command line, such as a program that takes privileges away.
        """
        return subprocess.Popen(
            [*(renamed(host) if host else ()), *before, sys.executable, "-m", module, *arguments],
            cwd=cwd or self.root,
            env=self.environment(env),
            stdout=out or subprocess.PIPE,
            stderr=out or subprocess.PIPE,
            text=True,
            start_new_session=group,
        )

    def run(
        self,
        module: str,
        *arguments: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 300,
    ) -> subprocess.CompletedProcess[str]:
        """The command, when it has ended; what it imports of libraries is already there."""
        return warm().run(module, arguments, cwd or self.root, self.environment(env), timeout)

    def train(self, *overrides: str, **how: object) -> subprocess.CompletedProcess[str]:
        """`python -m pipeline.train` with these overrides."""
        return self.run("pipeline.train", *overrides, **how)  # type: ignore[arg-type]

    def runs(self, experiment: str, where: str = "") -> list[Run]:
        """Runs of an experiment, latest first."""
        found = self.client.get_experiment_by_name(experiment)
        assert found, f"no experiment {experiment}"
        return list(self.client.search_runs([found.experiment_id], where, order_by=["attributes.start_time DESC"]))

    def history(self, run_id: str, metric: str) -> list[tuple[int, float]]:
        """Steps and values of a metric."""
        return sorted((point.step, point.value) for point in self.client.get_metric_history(run_id, metric))

    def artifacts(self, run_id: str) -> Path:
        """The folder of a run's artifacts."""
        return Path(self.client.get_run(run_id).info.artifact_uri.removeprefix("file://"))

    def environment(self, env: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of the commands: of whoever tests, without what says where runs are."""
        left_out = ("MLFLOW_", "HYDRA_", "VAE_HOME")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
        return {**inherited, "PYTHONPATH": str(self.root), "COLUMNS": "200", **(env or {})}

    @contextmanager
    def ui(self, port: int) -> Iterator[Ui]:
        """The UI over this checkout's database, until the block ends."""
        process = self.start_anew("pipeline.ui", "--port", str(port))
        assert process.stdout
        link = next((line.split()[1] for line in process.stdout if line.startswith("Runs: ")), None)
        assert link, "the server never announced itself"
        served = Ui(process, f"http://127.0.0.1:{port}", link)
        try:
            yield served
        finally:
            if process.poll() is None:
                served.stop()
