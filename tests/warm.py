"""Commands in processes forked from one that has imported the heavy libraries, whose start takes them milliseconds.

Of the project nothing is imported before, so that a command finds its own copy of the code, and does and says what it
would if Python had been started for it. Its fork server, if it starts one, is forked from it in the same way.
"""

import fcntl
import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NoReturn, TextIO

LIBRARIES = (
    *("tensorflow", "keras", "mlflow", "mlflow.keras", "mlflow.artifacts", "hydra", "pydantic", "rich.progress"),
    *("pandas", "sklearn.datasets", "sklearn.mixture", "sklearn.neighbors", "matplotlib.backends.backend_agg"),
    *("hydra._internal.hydra", "alembic.migration", "alembic.script", "git", "sqlalchemy.dialects.sqlite", "filelock"),
    *("mlflow.store.tracking.sqlalchemy_store", "mlflow.store.model_registry.sqlalchemy_store", "mlflow.pyfunc.model"),
    *("mlflow.pyfunc.loaders", "mlflow.pyfunc.utils", "mlflow.tracing.export", "mlflow.tracing.processor"),
    *("opentelemetry.sdk.metrics", "optuna", "rich.console"),
    *("optuna.importance", "optuna.visualization.matplotlib", "jinja2", "multiprocessing.forkserver"),
)


class Forked:
    """A command at work, or ended; what `subprocess.Popen` would be for it.

    Attributes:
        returncode: as of `Popen`, once `poll`, `wait` or `communicate` has noticed the end.
    """

    def __init__(self, pid: int, keeper: socket.socket, stdout: TextIO | None, stderr: TextIO | None) -> None:
        self.pid = pid
        self.stdout = stdout
        self.stderr = stderr
        self.returncode: int | None = None
        self._keeper = keeper

    def poll(self) -> int | None:
        """The exit code; None while it is at work."""
        return self._noticed(0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, when it has ended."""
        code = self._noticed(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return code

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """All that it says from now on, when it has ended."""
        deadline = time.monotonic() + timeout if timeout is not None else None
        streams = [stream for stream in (self.stdout, self.stderr) if stream]
        said = {stream.fileno(): b"" for stream in streams}
        with selectors.DefaultSelector() as ready:
            for number in said:
                ready.register(number, selectors.EVENT_READ)
            while ready.get_map():
                for key, _ in _in_time(ready, deadline, self.pid):
                    read = os.read(key.fd, 1 << 16)
                    said[key.fd] += read
                    if not read:
                        ready.unregister(key.fd)
        out, err = [each.decode() for each in said.values()] if streams else ("", "")
        self.wait(max(deadline - time.monotonic(), 0) if deadline is not None else None)
        for stream in streams:
            stream.close()
        return out, err

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def _noticed(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            with selectors.DefaultSelector() as ready:
                ready.register(self._keeper, selectors.EVENT_READ)
                if ready.select(timeout):
                    self.returncode = int(self._keeper.recv(64))
                    self._keeper.close()
        return self.returncode


def _in_time(ready: selectors.BaseSelector, deadline: float | None, pid: int) -> list:
    """What can be read, once something can."""
    events = ready.select(max(deadline - time.monotonic(), 0) if deadline is not None else None)
    if not events:
        raise subprocess.TimeoutExpired(str(pid), 0)
    return events


class Warm:
    """The process that others are forked from."""

    def __init__(self) -> None:
        self._socket, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, __file__, str(its.fileno())]
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 — to its end; TensorFlow greets whoever imports it
        subprocess.Popen(command, pass_fds=[its.fileno()], env=os.environ | quiet, stderr=self._said)
        its.close()

    def start(
        self,
        module: str,
        arguments: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        *,
        files: tuple[TextIO, TextIO] | None = None,
        group: bool = False,
    ) -> Forked:
        """`python -m module arguments` at work, in a session of its own if asked for.

        What it says goes to pipes, or to two files.
        """
        pipes = [] if files else [os.pipe(), os.pipe()]
        written = [file.fileno() for file in files] if files else [end for _, end in pipes]
        keeper, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = json.dumps([module, list(arguments), str(cwd), dict(env), group]).encode()
        socket.send_fds(self._socket, [request], [*written, its.fileno()])
        for each in [its.fileno(), *(end for _, end in pipes)]:
            os.close(each)
        its.detach()
        pid = keeper.recv(64)
        if not pid:
            self._said.seek(0)
            raise RuntimeError(f"the process that others are forked from has ended: {self._said.read()}")
        return Forked(int(pid), keeper, *([os.fdopen(end) for end, _ in pipes] or [None, None]))

    def run(
        self, module: str, arguments: Sequence[str], cwd: Path, env: Mapping[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """`python -m module arguments`, when it has ended.

        Raises:
            TimeoutExpired: after so many seconds; it is killed.
        """
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            process = self.start(module, arguments, cwd, env, files=(out, err))
            try:
                code = process.wait(timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                raise subprocess.TimeoutExpired([module, *arguments], timeout) from None
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess([module, *arguments], code, out.read(), err.read())


@cache
def warm() -> Warm:
    """The one of this process; it ends with it."""
    return Warm()


def _serve(connection: socket.socket) -> tuple[str, list[str], list[str]]:
    """Fork a process for each request; returns in those alone, with the module, its arguments and its search path."""
    ours = [path for path in sys.path if Path(path) != Path(__file__).parent]
    while True:
        request, files, _, _ = socket.recv_fds(connection, 1 << 20, 3)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass  # a keeper that has ended
        if not request:
            sys.exit()  # nobody is left to ask
        out, err, keeper = files
        if os.fork() == 0:
            break
        for file in files:
            os.close(file)
    connection.close()
    if pid := os.fork():
        os.close(out)
        os.close(err)
        _keep(pid, socket.socket(fileno=keeper))
    os.close(keeper)
    for number, file in enumerate((out, err), 1):
        os.dup2(file, number)
        os.close(file)
    module, arguments, cwd, env, group = json.loads(request)
    if group:
        os.setsid()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    return module, arguments, [cwd, env["PYTHONPATH"], *ours]


def _keep(pid: int, keeper: socket.socket) -> NoReturn:
    """Be the parent of a process, and say its number and how it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(BrokenPipeError):  # nobody wants to know
        keeper.send(str(pid).encode())
        keeper.send(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())
    os._exit(0)


def _fork_server_from_here() -> None:
    """Have the fork server of this process be one that is forked now, before it does anything.

    Python would start another Python, which imports all libraries anew.
    """
    from multiprocessing import forkserver, util

    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid == 0:
        ours.close()
        _become_fork_server(its)
    its.close()
    start_python = util.spawnv_passfds

    def start(path: object, arguments: list[str], files: Sequence[int]) -> int:
        if forkserver.__name__ not in arguments[-1]:  # it is another helper of Python's
            return start_python(path, arguments, files)
        util.spawnv_passfds = start_python
        request = json.dumps([arguments[-1], list(files), dict(os.environ)]).encode()
        socket.send_fds(ours, [request], files)
        ours.close()
        return pid

    util.spawnv_passfds = start


def _become_fork_server(command: socket.socket) -> NoReturn:
    from pipeline.process.interruption import SIGNALS

    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # as the process is one that a worker starts with them blocked
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    request, received, _, _ = socket.recv_fds(command, 1 << 20, 8)
    command.close()
    if not request:
        os._exit(0)  # none was needed
    code, numbers, env = json.loads(request)
    os.environ.clear()
    os.environ.update(env)
    warnings.simplefilter("ignore")
    elsewhere = [fcntl.fcntl(file, fcntl.F_DUPFD, 100) for file in received]  # which may have these very numbers
    for file, number in zip(elsewhere, numbers, strict=True):
        os.dup2(file, number)
        os.close(file)
    exec(code, {})
    os._exit(0)


def _main() -> NoReturn:
    import atexit
    import importlib
    import runpy
    import threading

    for library in LIBRARIES:
        importlib.import_module(library)
    importlib.import_module("sqlalchemy.orm").configure_mappers()
    gc.freeze()  # which else every process would look through, and copy
    module, arguments, path = _serve(socket.socket(fileno=int(sys.argv[1])))
    sys.path[:] = path
    sys.argv = [module, *arguments]
    # Python's own remember whether what they wrote to before was a file.
    sys.stdout = sys.__stdout__ = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(2, "w", 1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    if "-m" in arguments:
        _fork_server_from_here()
    code: object = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = ended.code
    if not isinstance(code, int):
        sys.exit(code)
    # As at the end of any Python, except that it does not look through all libraries once more.
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _main()
