"""A study copied from one storage to another, with its trials as they are."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from pipeline.address import Address
from pipeline.errors import InputError
from pipeline.sweep.study.lease import Leases
from pipeline.sweep.study.locks import common_lock
from pipeline.sweep.study.results import KEY, REPORT, RUN_ID
from pipeline.sweep.study.storage import JournalLock, known_study, storage_of
from pipeline.text.wording import first_line

_CAME_WITH = "came_with"
"""The user attribute of a study that was copied from a journal: the journal's hash."""


def run_id_of_study(name: str, address: Address | None) -> str:
    """The id of the MLflow run of a study.

    Raises:
        InputError: there is no such study, or it has no run yet.
    """
    run_id = known_study(name, address).user_attrs.get(RUN_ID)
    if not run_id:
        raise InputError(f"study {name} has no run yet. Type the command that begins it, and wait for its end")
    return str(run_id)


def copy_to_journal(name: str, address: Address | None, run_id: str, journal: Path) -> None:
    """Copy a study into a new journal.

    Args:
        name: of the study.
        address: of its storage; None for a file in `mlruns/studies/`.
        run_id: the id of the study's MLflow run, which another study of the same name would not have.
        journal: the path of the new journal.

    Raises:
        InputError: the storage has no such study, or trials of it are at work.
    """
    study = known_study(name, address)
    if study.user_attrs.get(RUN_ID) != run_id:
        raise InputError(
            f"study {name} of storage={address or 'null'} has another run ({study.user_attrs.get(RUN_ID)}) than "
            f"{run_id}. Name the storage of the study that is meant: storage=…"
        )
    storage = storage_of(name, address)
    leases = Leases(storage)
    at_work = [each for each in study.get_trials(states=[TrialState.RUNNING]) if not leases.is_abandoned(each)]
    if at_work:
        numbers = ", ".join(str(each.number) for each in at_work)
        raise InputError(
            f"study {name} is at work on trial {numbers}. Wait for its end: python -m pipeline.study name={name} "
            "wait=true; or end its command with Ctrl-C"
        )
    _copy(name, storage, _journal_storage(journal), {})


class StudyInJournal:
    """A study that has come in a journal, perhaps a foreign one.

    Args:
        journal: the path of the journal.

    Raises:
        InputError: it is no journal with one study.
    """

    def __init__(self, journal: Path) -> None:
        self._hash = hashlib.sha256(journal.read_bytes()).hexdigest()
        try:
            self._storage = _journal_storage(journal)
            [self.name] = optuna.get_all_study_names(self._storage)
            study = optuna.load_study(study_name=self.name, storage=self._storage)
            self.run_id = str(study.user_attrs[RUN_ID])
            self.report: dict[str, Any] = dict(study.user_attrs.get(REPORT, {}))
            self._key = str(study.user_attrs[KEY])
            study.get_trials()
        except Exception as error:  # Optuna has no exception for a journal that it cannot read
            raise InputError(
                f"The journal of the study is damaged ({type(error).__name__}: {first_line(error)})"
            ) from error

    def check_place(self, address: Address | None) -> None:
        """Raise InputError if another study has the name in a storage."""
        there = self._there(address)
        if there and there.user_attrs.get(KEY) != self._key:
            place = f"storage={address}" if address else "mlruns/studies/"
            raise InputError(
                f"{place} has another study of the name {self.name}. Name another storage for the one that is "
                f"imported: storage=sqlite:////absolute/path/{self.name}.db"
            )

    def copy_to(self, address: Address | None, run_id: str, report: Mapping[str, Any]) -> bool:
        """Copy the study to a storage, unless it is there already; what was cut off is gone on with.

        Args:
            address: of the storage; None for a file in `mlruns/studies/`.
            run_id: the id of the study's MLflow run there.
            report: what the study knows of its report there.

        Returns:
            Whether the storage has the study from this journal.
        """
        there = self._there(address)
        if there and there.user_attrs.get(_CAME_WITH) != self._hash:
            return False
        with common_lock(self.name, address):
            attributes = {_CAME_WITH: self._hash, RUN_ID: run_id, REPORT: dict(report)}
            _copy(self.name, self._storage, storage_of(self.name, address), attributes)
        return True

    def _there(self, address: Address | None) -> optuna.Study | None:
        try:
            return known_study(self.name, address)
        except InputError:
            return None


def _journal_storage(journal: Path) -> JournalStorage:
    journal.touch()
    return JournalStorage(JournalFileBackend(str(journal), lock_obj=JournalLock(journal)))


def _copy(name: str, source: BaseStorage, target: BaseStorage, attributes: Mapping[str, Any]) -> None:
    """Copy what a storage does not have of a study; unlike `optuna.copy_study`, it can go on with what was cut off."""
    study = optuna.load_study(study_name=name, storage=source)
    copy = optuna.create_study(study_name=name, storage=target, directions=study.directions, load_if_exists=True)
    for key, value in {**study.user_attrs, **attributes}.items():
        copy.set_user_attr(key, value)
    study_id = target.get_study_id_from_name(name)
    for key, value in source.get_study_system_attrs(source.get_study_id_from_name(name)).items():
        target.set_study_system_attr(study_id, key, value)
    for trial in study.get_trials(deepcopy=False)[len(copy.get_trials(deepcopy=False)) :]:
        target.create_new_trial(study_id, template_trial=trial)
