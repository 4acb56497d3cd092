"""Commands in processes forked from one that has imported the heavy libraries, whose start takes them milliseconds.

Of the project nothing is imported before, so that a command finds its own copy of the code, and does and says what it
would if Python had been started for it.
"""

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NoReturn

LIBRARIES = (
    *("tensorflow", "keras", "mlflow", "mlflow.keras", "mlflow.artifacts", "hydra", "pydantic", "rich.progress"),
    *("pandas", "sklearn.datasets", "sklearn.mixture", "sklearn.neighbors", "matplotlib.backends.backend_agg"),
    *("hydra._internal.hydra", "alembic.migration", "alembic.script", "git", "sqlalchemy.dialects.sqlite", "filelock"),
    *("mlflow.store.tracking.sqlalchemy_store", "mlflow.store.model_registry.sqlalchemy_store", "mlflow.pyfunc.model"),
    *("mlflow.tracing.export", "mlflow.tracing.processor", "opentelemetry.sdk.metrics", "optuna", "rich.console"),
)


class Warm:
    """The process that others are forked from."""

    def __init__(self) -> None:
        self._socket, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, __file__, str(its.fileno())]
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 — to its end; TensorFlow greets whoever imports it
        subprocess.Popen(command, pass_fds=[its.fileno()], env=os.environ | quiet, stderr=self._said)
        its.close()

    def run(
        self, module: str, arguments: Sequence[str], cwd: Path, env: Mapping[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """`python -m module arguments`, when it has ended.

        Raises:
            TimeoutExpired: after so many seconds; it is killed.
        """
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            request = json.dumps([module, list(arguments), str(cwd), dict(env)]).encode()
            socket.send_fds(self._socket, [request], [out.fileno(), err.fileno()])
            pid = int(self._answer())
            self._socket.settimeout(timeout)
            try:
                code = int(self._answer())
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                self._socket.settimeout(None)
                self._answer()
                raise subprocess.TimeoutExpired([module, *arguments], timeout) from None
            self._socket.settimeout(None)
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess([module, *arguments], code, out.read(), err.read())

    def _answer(self) -> bytes:
        answer = self._socket.recv(64)
        if not answer:
            self._said.seek(0)
            raise RuntimeError(f"the process that others are forked from has ended: {self._said.read()}")
        return answer


@cache
def warm() -> Warm:
    """The one of this process; it ends with it."""
    return Warm()


def _serve(connection: socket.socket) -> tuple[str, list[str], list[str]]:
    """Fork a process for each request; returns in those alone, with the module, its arguments and its search path."""
    ours = [path for path in sys.path if Path(path) != Path(__file__).parent]
    while True:
        request, files, _, _ = socket.recv_fds(connection, 1 << 20, 2)
        if not request:
            sys.exit()  # nobody is left to ask
        pid = os.fork()
        if pid == 0:
            break
        for file in files:
            os.close(file)
        connection.send(str(pid).encode())
        connection.send(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())
    connection.close()
    for number, file in enumerate(files, 1):
        os.dup2(file, number)
        os.close(file)
    module, arguments, cwd, env = json.loads(request)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    return module, arguments, [cwd, env["PYTHONPATH"], *ours]


def _main() -> NoReturn:
    import atexit
    import importlib
    import runpy
    import threading

    for library in LIBRARIES:
        importlib.import_module(library)
    gc.freeze()  # which else every process would look through, and copy
    module, arguments, path = _serve(socket.socket(fileno=int(sys.argv[1])))
    sys.path[:] = path
    sys.argv = [module, *arguments]
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
