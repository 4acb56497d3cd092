"""A MySQL server of the tests' own on this machine: MariaDB, as Debian has it."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from checkout import free_port
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError


class MySQL:
    """A server in a folder; it listens on 127.0.0.1 alone."""

    PACKAGE = "mariadb-server"
    """Debian's package of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        owner = ["--user=mysql"] if os.geteuid() == 0 else []
        folder.mkdir()
        if owner:
            shutil.chown(folder, "mysql")
        where = ["--no-defaults", f"--datadir={folder / 'data'}", *owner]
        tables = ["mariadb-install-db", *where, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(tables, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._where = where

    def start(self) -> None:
        """Start the server."""
        folder = self.folder
        sockets = [f"--socket={folder / 'socket'}", f"--pid-file={folder / 'pid'}"]
        listen = ["--bind-address=127.0.0.1", f"--port={self.port}", *sockets]
        self._process = subprocess.Popen(
            [_server(), *self._where, *listen], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def created(self, database: str) -> str:
        """Create a database once the server answers, and give its address."""
        server = f"mysql+pymysql://root@127.0.0.1:{self.port}"
        deadline = time.monotonic() + 60
        while True:
            try:
                with create_engine(f"{server}/mysql").connect() as connection:
                    connection.execute(text(f"CREATE DATABASE {database}"))
                return f"{server}/{database}"
            except OperationalError:
                assert time.monotonic() < deadline, "the server never answered"
                time.sleep(0.2)

    def stop(self) -> None:
        """Stop the server."""
        self._process.terminate()
        self._process.wait()

    @staticmethod
    def is_installed() -> bool:
        """Whether MariaDB's programs are on this machine."""
        return bool(shutil.which("mariadb-install-db") and shutil.which(_server()))


def _server() -> str:
    return "mariadbd" if shutil.which("mariadbd") else "/usr/sbin/mariadbd"
