"""Optuna's storages; the default is a journal in `mlruns/`, one file for each study."""

import os
from pathlib import Path
from typing import BinaryIO

import optuna
from filelock import FileLock
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from pipeline.address import Address
from pipeline.errors import InputError
from pipeline.places import MLRUNS
from pipeline.tracking.database import driver_missing

STUDIES = MLRUNS / "studies"


def lock_of(study: str) -> FileLock:
    """Held by whoever of this machine decides about a study's trials."""
    STUDIES.mkdir(parents=True, exist_ok=True)
    return FileLock(STUDIES / f"{study}.lock")


def journal_of(study: str) -> Path:
    """Where the file of a study is."""
    return STUDIES / f"{study}.journal"


def storage_of(study: str, address: Address | None) -> BaseStorage:
    """The storage at an address of Optuna's; without one the study's own file.

    Raises:
        InputError: the address leads to none.
    """
    if address is None:
        STUDIES.mkdir(parents=True, exist_ok=True)
        path = journal_of(study)
        return JournalStorage(JournalFileBackend(str(path), lock_obj=JournalLock(path)))
    try:
        with lock_of(study):  # several processes that make the tables at once fail
            return optuna.storages.get_storage(address.full)
    except (ArgumentError, SQLAlchemyError, ImportError, ValueError, RuntimeError, StorageInternalError) as error:
        raise InputError(f"sweep.storage={address}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    cause = str(error).partition("\n")[0].rstrip(". ")
    if isinstance(error.__cause__, ModuleNotFoundError):
        return driver_missing(error.__cause__)
    if isinstance(error, RuntimeError):  # of its schema
        return f"{cause}. Or is it MLflow's, or another program's? Studies need a database of their own"
    return (
        f"{cause}. Expected an address of Optuna's, such as sqlite:////absolute/path.db or postgresql://…; or leave it "
        "out to use a file in mlruns/studies/"
    )


class JournalLock(JournalFileOpenLock):
    """A lock that dies with its holder, unlike Optuna's; and a journal that was cut off by a power cut is mended.

    Args:
        journal: path of the file that it protects.
    """

    def __init__(self, journal: Path) -> None:
        self._journal, self._lock = journal, FileLock(f"{journal}.lock")

    def acquire(self) -> bool:
        """Wait for the lock."""
        self._lock.acquire()
        _without_torn_end(self._journal)
        return True

    def release(self) -> None:
        """Let others write."""
        self._lock.release()


def _without_torn_end(journal: Path) -> None:
    """Cut off what follows the last whole line: who wrote it is dead."""
    with journal.open("rb+") as file:
        end = file.seek(0, os.SEEK_END)
        if end == 0 or _byte(file, end - 1) == b"\n":
            return
        while end and _byte(file, end - 1) != b"\n":
            end -= 1
        file.truncate(end)


def _byte(file: BinaryIO, position: int) -> bytes:
    file.seek(position)
    return file.read(1)
