"""A storage in a database server is read no more than needed, and waited for while the server is away."""

from pathlib import Path

import optuna
import pytest
from checkout import free_port
from optuna.exceptions import StorageInternalError
from optuna.trial import TrialState
from sqlalchemy.exc import OperationalError

from pipeline.address import Address
from pipeline.errors import InputError
from pipeline.sweep.study import retrying_storage
from pipeline.sweep.study.retrying_storage import RetryingStorage, retried

STATES = [TrialState.RUNNING]


def states(storage: RetryingStorage, study_id: int) -> list[TrialState]:
    return [trial.state for trial in storage.get_all_trials(study_id, deepcopy=False)]


def test_what_this_process_writes_is_read_at_once_and_what_others_write_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = Address(f"sqlite:///{tmp_path / 'study.db'}")
    ours, theirs = RetryingStorage(address), RetryingStorage(address)
    study_id = ours.create_new_study([optuna.study.StudyDirection.MINIMIZE], "mine")
    assert states(ours, study_id) == []
    theirs.create_new_trial(study_id)
    monkeypatch.setattr(retrying_storage, "FRESH", 1e6)
    assert states(ours, study_id) == []
    monkeypatch.setattr(retrying_storage, "FRESH", 0.0)
    assert states(ours, study_id) == STATES
    monkeypatch.setattr(retrying_storage, "FRESH", 1e6)
    ours.create_new_trial(study_id)
    assert states(ours, study_id) == STATES * 2
    assert ours.get_all_trials(study_id, states=(TrialState.WAITING,)) == []


def test_a_database_that_stays_away_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'psycopg[binary]'")
    monkeypatch.setattr(retrying_storage, "AT_FIRST", 0.0)
    with pytest.raises(InputError) as refused:
        RetryingStorage(Address(f"postgresql+psycopg://me:s3cret@127.0.0.1:{free_port()}/studies"))
    assert "the study's storage postgresql+psycopg://me:***@127.0.0.1:" in str(refused.value)
    assert ": no answer for 0 seconds (" in str(refused.value)
    assert "type the command again once the database answers" in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_an_outage_is_told_once_and_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where Optuna says that its storage is at fault, unless the reason is another one."""
    monkeypatch.setattr(retrying_storage, "RETRY_AFTER", 0.0)
    cut = OperationalError("SELECT", {}, ConnectionError("cut"))
    failures: list[Exception] = []

    def request() -> str:
        if failures:
            error = failures.pop(0)
            raise error from cut
        return "answer"

    failures[:] = [cut, StorageInternalError("an error of the storage"), cut]
    assert retried(Address("sqlite:///study.db"), request) == "answer"
    assert [each.message for each in caplog.records] == [
        "the study's storage sqlite:///study.db: no answer; the study waits for it: (builtins.ConnectionError) cut"
    ]

    asked = []

    def damaged() -> None:
        asked.append("once")
        assert asked == ["once"]
        raise StorageInternalError("no such table") from ValueError("no such table")

    with pytest.raises(StorageInternalError, match="no such table"):
        retried(Address("sqlite:///study.db"), damaged)


def test_a_trial_whose_end_was_stored_though_the_answer_was_lost_has_ended(tmp_path: Path) -> None:
    storage = RetryingStorage(Address(f"sqlite:///{tmp_path / 'study.db'}"))
    study_id = storage.create_new_study([optuna.study.StudyDirection.MINIMIZE], "mine")
    trial_id = storage.create_new_trial(study_id)
    attempts: list[bool] = []

    def end() -> bool:
        attempts.append(storage.storage.set_trial_state_values(trial_id, TrialState.COMPLETE, [1.0]))
        raise OperationalError("COMMIT", {}, ConnectionError("cut"))

    assert retried(storage.address, end, ends_trial=True) is True
    assert attempts == [True]
    assert storage.get_trial(trial_id).values == [1.0]
    with pytest.raises(optuna.exceptions.UpdateFinishedTrialError):
        storage.set_trial_state_values(trial_id, TrialState.COMPLETE, [1.0])


def test_a_trial_that_another_one_has_ended_during_an_outage_is_not_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = Address(f"sqlite:///{tmp_path / 'study.db'}")
    ours, theirs = RetryingStorage(address), RetryingStorage(address)
    study_id = ours.create_new_study([optuna.study.StudyDirection.MINIMIZE], "mine")
    trial_id = ours.create_new_trial(study_id, optuna.trial.create_trial(state=TrialState.WAITING))
    answered = ours.storage.set_trial_state_values

    def cut_once(*request: object) -> bool:
        monkeypatch.setattr(ours.storage, "set_trial_state_values", answered)
        assert theirs.set_trial_state_values(trial_id, TrialState.RUNNING)
        assert theirs.set_trial_state_values(trial_id, TrialState.COMPLETE, [1.0])
        raise OperationalError("UPDATE", {}, ConnectionError("cut"))

    monkeypatch.setattr(ours.storage, "set_trial_state_values", cut_once)
    with pytest.raises(optuna.exceptions.UpdateFinishedTrialError):
        ours.set_trial_state_values(trial_id, TrialState.RUNNING)
    assert ours.get_trial(trial_id).values == [1.0]
