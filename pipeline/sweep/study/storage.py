"""Optuna keeps a study in a storage: by default a journal, a file of its own in `mlruns/studies/`."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import optuna
import psutil
from filelock import FileLock
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from sqlalchemy import inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from pipeline import places
from pipeline.address import Address
from pipeline.config.names import shown
from pipeline.errors import InputError
from pipeline.sweep.study.locks import common_lock
from pipeline.sweep.study.retrying_storage import AT_FIRST, RetryingStorage, retried
from pipeline.text.wording import first_line
from pipeline.tracking.database import driver_missing, engine_of, file_of

optuna.logging.set_verbosity(optuna.logging.ERROR)

NETWORK = (
    *("nfs", "cifs", "smb", "afs", "ceph", "lustre", "gpfs", "beegfs", "glusterfs", "orangefs", "panfs", "wekafs"),
    *("davfs", "fuse.sshfs", "fuse.s3fs", "fuse.ceph", "fuse.glusterfs", "fuse.gcsfuse", "fuse.blobfuse"),
    *("fuse.juicefs", "fuse.rclone", "fuse.mountpoint-s3"),
)
"""Kinds of file system on which a line that one machine appends to a file may overwrite another machine's line.

Optuna's FAQ recommends a journal on NFS, its tutorial warns of one: NFS has no atomic append (open(2)), and whether its
locks hold depends on the version and on how it was mounted, which no program can find out reliably.
"""
LOCKED = 60.0
"""Seconds in which another program may have locked the database file of a study, such as a backup."""


def journal_of(study: str) -> Path:
    """Give the path of a study's journal."""
    return places.STUDIES / f"{study}.journal"


def storage_of(study: str, address: Address | None) -> BaseStorage:
    """Open the storage at an address of Optuna's; without an address the study's journal.

    Raises:
        InputError: there is no storage at the address, or it cannot be used; or the journal would be on a network file
            system.
    """
    if address is None:
        places.STUDIES.mkdir(parents=True, exist_ok=True)
        _refuse_network(places.STUDIES)
        path = journal_of(study)
        return JournalStorage(JournalFileBackend(str(path), lock_obj=JournalLock(path)))
    with _errors_of_address_explained(address), common_lock(study, address, AT_FIRST):
        # Without the lock, processes that create the tables at the same time fail.
        is_file = make_url(address.full).get_backend_name() == "sqlite"
        return _of_file(address) if is_file else RetryingStorage(address)  # type: ignore[abstract]


def _of_file(address: Address) -> BaseStorage:
    patient = {"connect_args": {"timeout": LOCKED}}
    return optuna.storages.get_storage(optuna.storages.RDBStorage(address.full, engine_kwargs=patient))


def has_storage(study: str, address: Address | None) -> bool:
    """Tell whether a study's journal, or the tables of studies in a database, are there; none is created.

    Raises:
        InputError: there is no database at the address, or it does not answer.
    """
    if address is None:
        return journal_of(study).exists()
    with _errors_of_address_explained(address):
        url = make_url(address.full)
        path = file_of(url)
        if path and not path.exists():
            return False
        engine = engine_of(url)
        return bool(retried(address, lambda: inspect(engine).has_table("studies"), AT_FIRST))


@contextmanager
def _errors_of_address_explained(address: Address) -> Iterator[None]:
    try:
        yield
    except (ArgumentError, SQLAlchemyError, ImportError, ValueError, RuntimeError, StorageInternalError) as error:
        raise InputError(f"the study's storage {address}: {_reason(error)}") from error


def known_study(name: str | None, address: Address | None) -> optuna.Study:
    """Open a study that exists.

    Args:
        name: the name of the study; None for the one whose journal was written last.
        address: the address of its storage; None for a journal.

    Raises:
        InputError: there is no such study; the message has the names of those that there are.
    """
    journals = sorted(places.STUDIES.glob("*.journal"), key=lambda path: path.stat().st_mtime)
    if name is None and address is None and journals:
        name = journals[-1].stem
    there = [] if address else [path.stem for path in journals]
    if has_storage(name or "", address):
        storage = storage_of(name or "", address)
        there = optuna.get_all_study_names(storage)
        if name in there:
            return optuna.load_study(study_name=name, storage=storage)
    place = f"storage={address}" if address else str(places.STUDIES)
    known = f"expected one of: {', '.join(there)}" if there else "it has no study yet"
    began = ". One that began just now is there once its first command has checked the search space" if address else ""
    cure = "" if address else ". A study in a database needs its address: storage=postgresql://…"
    if name is None and address is None:
        raise InputError(f"{place} has no study yet{cure}. Begin one: python -m pipeline.train -m sweep=latent_filters")
    raise InputError(f"name={shown(name)}: there is no such study in {place}; {known}{began}{cure}")


def _refuse_network(folder: Path) -> None:
    mounts = {Path(each.mountpoint): each.fstype for each in psutil.disk_partitions(all=True)}
    if kind := network_file_system(folder.resolve(), mounts):
        raise InputError(
            f"{folder} is on a network file system ({kind}), where several machines may overwrite each other's lines "
            "of a journal. Keep the study in a database: sweep.storage=postgresql://…, or for one machine alone "
            "sweep.storage=sqlite:////local/disk/study.db"
        )


def network_file_system(path: Path, mounts: Mapping[Path, str]) -> str | None:
    """Give the kind of network file system that an absolute path is on; None where it is on a disk of this machine.

    Args:
        path: the path.
        mounts: the kind of each file system by where it is mounted.
    """
    mounted = [place for place in mounts if path.is_relative_to(place)]
    kind = mounts[max(mounted, key=lambda place: len(place.parts))] if mounted else ""
    return kind if kind.startswith(NETWORK) else None


def _reason(error: Exception) -> str:
    cause = first_line(error).rstrip(". ")
    for reason in (error, error.__cause__):  # Optuna's error has the reason as its cause
        if isinstance(reason, ModuleNotFoundError):
            return driver_missing(reason)
    if isinstance(error, RuntimeError):  # Optuna does not know the database's schema
        return f"{cause}. Perhaps the database is MLflow's or another program's: studies need one of their own"
    return (
        f"{cause}. Expected an address of Optuna's, such as sqlite:////absolute/path.db or postgresql://…; or no "
        "address, to use a file in mlruns/studies/"
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
