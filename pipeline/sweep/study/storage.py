"""Optuna keeps a study in a storage: by default a journal, a file of its own in `mlruns/studies/`."""

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
from pipeline.places import STUDIES
from pipeline.text.wording import first_line
from pipeline.tracking.database import driver_missing


def lock_of(study: str) -> FileLock:
    """Give the lock that a process of this machine holds while it decides about a study's trials."""
    STUDIES.mkdir(parents=True, exist_ok=True)
    return FileLock(STUDIES / f"{study}.lock")


def journal_of(study: str) -> Path:
    """Give the path of a study's journal."""
    return STUDIES / f"{study}.journal"


def storage_of(study: str, address: Address | None) -> BaseStorage:
    """Open the storage at an address of Optuna's; without an address the study's journal.

    Raises:
        InputError: there is no storage at the address, or it cannot be used.
    """
    if address is None:
        STUDIES.mkdir(parents=True, exist_ok=True)
        path = journal_of(study)
        return JournalStorage(JournalFileBackend(str(path), lock_obj=JournalLock(path)))
    try:
        with lock_of(study):  # processes that create the tables at the same time fail
            return optuna.storages.get_storage(address.full)
    except (ArgumentError, SQLAlchemyError, ImportError, ValueError, RuntimeError, StorageInternalError) as error:
        raise InputError(f"sweep.storage={address}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    cause = first_line(error).rstrip(". ")
    if isinstance(error.__cause__, ModuleNotFoundError):
        return driver_missing(error.__cause__)
    if isinstance(error, RuntimeError):  # Optuna does not know the database's schema
        return f"{cause}. Perhaps the database is MLflow's or another program's: studies need one of their own"
    return (
        f"{cause}. Expected an address of Optuna's, such as sqlite:////absolute/path.db or postgresql://…; or leave "
        "sweep.storage out to use a file in mlruns/studies/"
    )


class JournalLock(JournalFileOpenLock):
    """A lock of a journal that ends with its holder's process, unlike Optuna's, and mends a torn last line.

    Args:
        journal: the journal's path.
    """

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._lock = FileLock(f"{journal}.lock")

    def acquire(self) -> bool:
        """Wait for the lock, and mend the journal."""
        self._lock.acquire()
        _without_torn_end(self._journal)
        return True

    def release(self) -> None:
        """Release the lock."""
        self._lock.release()


def _without_torn_end(journal: Path) -> None:
    """Cut off what follows the last whole line of a journal: the process that wrote it died within the line."""
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
