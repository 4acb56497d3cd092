"""Database servers of the tests' own: started for a test, and removed after it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from mysql import MySQL
from postgresql import PostgreSQL

Server = TypeVar("Server", PostgreSQL, MySQL)


@contextmanager
def started(kind: type[Server]) -> Iterator[Server]:
    """Run a server in a folder of its own; the test is skipped where its programs are not installed."""
    if not kind.is_installed():
        pytest.skip(f"{kind.__name__} is not installed: apt-get install {kind.PACKAGE}")
    folder = Path(tempfile.mkdtemp(prefix="database-", dir="/tmp"))  # pytest's own folders are closed to its user
    folder.chmod(0o755)
    server = kind(folder / "server")
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)
