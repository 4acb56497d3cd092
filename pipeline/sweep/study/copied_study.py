"""A study copied from one storage to another, with its trials as they are."""

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from pipeline.address import Address
from pipeline.config.build import check_value
from pipeline.errors import InputError
from pipeline.sweep.settings import Name
from pipeline.sweep.study.lease import Leases
from pipeline.sweep.study.locks import common_lock
from pipeline.sweep.study.results import KEY, REPORT, RUN_ID
from pipeline.sweep.study.storage import JournalLock, has_storage, known_study, storage_of
from pipeline.text.wording import first_line

_CAME_WITH = "came_with"
"""The user attribute of a study that came from a journal: a hash of what it was there."""
_WHOLE = "came_whole"
"""The user attribute of a study that came from a journal, once all of it was copied."""


def run_id_of_study(name: str, address: Address | None) -> str | None:
    """The id of the MLflow run of a study; None if there is no such study.

    Raises:
        InputError: the storage does not answer, or the study has no run yet.
    """
    study = _found(name, address)
    if study is None:
        return None
    if RUN_ID not in study.user_attrs:
        raise InputError(f"study {name} has no run yet. Type the command that begins it, and wait for its end")
    return str(study.user_attrs[RUN_ID])


def copy_to_journal(name: str, address: Address | None, known_as: Collection[str], journal: Path) -> None:
    """Copy a study into a new journal, in which the id of its run is the first of those by which it is known.

    Args:
        name: of the study.
        address: of its storage; None for a file in `mlruns/studies/`.
        known_as: the ids of the study's MLflow run, in its store and on this machine; another study has another run.
        journal: the path of the new journal.

    Raises:
        InputError: the storage has no such study, or trials of it are at work.
    """
    study = known_study(name, address)
    if study.user_attrs.get(RUN_ID) not in known_as:
        raise InputError(
            f"study {name} of storage={address or 'null'} has another run ({study.user_attrs.get(RUN_ID)}) than "
            f"{' or '.join(dict.fromkeys(known_as))}. Name the storage of the study that is meant: storage=…"
        )
    storage = storage_of(name, address)
    leases = Leases(storage, one_machine=address is None)
    at_work = [each for each in study.get_trials(states=[TrialState.RUNNING]) if not leases.is_abandoned(each)]
    if at_work:
        numbers = ", ".join(str(each.number) for each in at_work)
        raise InputError(
            f"study {name} is at work on trial {numbers}. Wait for its end: python -m pipeline.study name={name} "
            "wait=true; or end its command with Ctrl-C"
        )
    _copy(name, storage, _journal_storage(journal), {RUN_ID: next(iter(known_as))})


class StudyInJournal:
    """A study that has come in a journal, perhaps a foreign one.

    Args:
        journal: the path of the journal.
        run_ids: the runs that have come with it, one of which is the study's own.

    Attributes:
        name: of the study.
        run_id: the id of the study's MLflow run.
        report: what the study knows of its report.

    Raises:
        InputError: it is no journal with one study of these runs.
    """

    def __init__(self, journal: Path, run_ids: Collection[str]) -> None:
        try:
            self._storage = _journal_storage(journal)
            [self.name] = optuna.get_all_study_names(self._storage)
            study = optuna.load_study(study_name=self.name, storage=self._storage)
            self.run_id = study.user_attrs[RUN_ID]
            self.report: dict[str, Any] = dict(study.user_attrs.get(REPORT, {}))
            self._key = study.user_attrs[KEY]
            self._trials = len(study.get_trials(deepcopy=False))
            self._hash = _hash(study)
        except Exception as error:  # Optuna has no exception for a journal that it cannot read
            reason = f"{type(error).__name__}: {first_line(error)}"
            raise InputError(f"The journal of the study is damaged ({reason})") from error
        check_value(self.name, Name, "the name of the study")  # which is that of a file, too
        if self.run_id not in run_ids or not re.fullmatch("[0-9a-f]{32}", str(self._key)):
            raise InputError("The journal of the study is damaged: it is of other runs")

    def check_place(self, address: Address | None) -> None:
        """Raise InputError if another study has the name in a storage, or the storage does not answer."""
        there = self._there(address)
        if there and not self._is_mine(there) and there.user_attrs.get(KEY) != self._key:
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
            Whether the study was copied.
        """
        there = self._there(address)
        if there and (not self._is_mine(there) or _WHOLE in there.user_attrs):
            return False
        storage = storage_of(self.name, address)
        with common_lock(self.name, address):
            # The hash first, by which the next command knows what was cut off, and last that all of it is there.
            attributes = {_CAME_WITH: self._hash, RUN_ID: run_id, REPORT: dict(report)}
            _copy(self.name, self._storage, storage, attributes)
            optuna.load_study(study_name=self.name, storage=storage).set_user_attr(_WHOLE, True)
        return True

    def trials_there(self, address: Address | None) -> tuple[int, int]:
        """Count the trials of the study in a storage, and those in the journal."""
        there = self._there(address)
        return len(there.trials) if there else 0, self._trials

    def _there(self, address: Address | None) -> optuna.Study | None:
        return _found(self.name, address)

    def _is_mine(self, there: optuna.Study) -> bool:
        """Tell whether an earlier import of the same study has begun to copy it, perhaps no more than its name."""
        return not (there.user_attrs or there.trials) or there.user_attrs.get(_CAME_WITH) == self._hash


def _found(name: str, address: Address | None) -> optuna.Study | None:
    if not has_storage(name, address):
        return None
    storage = storage_of(name, address)
    is_there = name in optuna.get_all_study_names(storage)
    return optuna.load_study(study_name=name, storage=storage) if is_there else None


def _journal_storage(journal: Path) -> JournalStorage:
    journal.touch()
    return JournalStorage(JournalFileBackend(str(journal), lock_obj=JournalLock(journal)))


def _hash(study: optuna.Study) -> str:
    """Hash what a study is, whatever order a storage has it in."""
    own = {name: value for name, value in study.user_attrs.items() if name not in (_CAME_WITH, _WHOLE)}
    trials = [vars(each) for each in study.get_trials(deepcopy=False)]
    content = json.dumps([study.study_name, own, trials], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()


def _copy(name: str, source: BaseStorage, target: BaseStorage, attributes: Mapping[str, Any]) -> None:
    """Copy what a storage does not have of a study; unlike `optuna.copy_study`, it can go on with what was cut off."""
    study = optuna.load_study(study_name=name, storage=source)
    copy = optuna.create_study(study_name=name, storage=target, directions=study.directions, load_if_exists=True)
    others = {key: value for key, value in study.user_attrs.items() if key not in (*attributes, _CAME_WITH, _WHOLE)}
    for key, value in {**attributes, **others}.items():
        copy.set_user_attr(key, value)
    study_id = target.get_study_id_from_name(name)
    for key, value in source.get_study_system_attrs(source.get_study_id_from_name(name)).items():
        target.set_study_system_attr(study_id, key, value)
    for trial in study.get_trials(deepcopy=False)[len(copy.get_trials(deepcopy=False)) :]:
        target.create_new_trial(study_id, template_trial=trial)
