"""A PostgreSQL server of the tests' own, on this machine, with a password."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from checkout import free_port
from sqlalchemy import create_engine, text

PASSWORD = "p:4@s/s"
"""A password that addresses must escape, and that no record may have."""


class PostgreSQL:
    """A server in a folder; it listens on 127.0.0.1 alone."""

    PACKAGE = "postgresql"
    """Debian's package of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._server = f"postgresql://postgres:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}"
        folder.mkdir()
        if os.geteuid() == 0:  # as whom it refuses to run
            shutil.chown(folder, "postgres")
        password = folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        self._run("initdb", "-D", str(folder / "data"), "-U", "postgres", "-A", "scram-sha-256", "--pwfile", password)

    def created(self, database: str) -> str:
        """Create a database, and give its address with the password, as SQLAlchemy takes it."""
        with create_engine(f"{self._server}/postgres", isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text(f"CREATE DATABASE {database}"))
        return f"{self._server}/{database}"

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        self._run("pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log", "-o", options, "start")

    def stop(self) -> None:
        """Stop the server at once, as a restart does; open connections are cut."""
        self._run("pg_ctl", "-D", self.folder / "data", "-w", "-m", "fast", "stop")

    def _run(self, program: str, *arguments: str | Path) -> None:
        path = _programs() / program
        as_postgres: Sequence[str] = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        subprocess.run([*as_postgres, path, *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/")

    @staticmethod
    def is_installed() -> bool:
        """Whether PostgreSQL's programs are on this machine."""
        return (_programs() / "initdb").exists()


def _programs() -> Path:
    """The folder of the programs, which Debian keeps off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else found[-1] if found else Path("/nowhere")
