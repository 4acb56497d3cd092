"""A retrying storage repeats each request while its database is away, so that a restarted database costs no trial."""

import copy
import logging
import time
from collections.abc import Callable, Container, Sequence
from functools import partial, wraps
from typing import Any

from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import BaseStorage, RDBStorage, get_storage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, OperationalError

from pipeline.address import Address
from pipeline.errors import InputError
from pipeline.process.interruption import raise_if_interrupted
from pipeline.text.wording import first_line
from pipeline.tracking.database import time_limit

log = logging.getLogger(__name__)

LONGEST_OUTAGE = 600.0
"""Seconds for which a database or a tracking server may be away: a restart takes less, then a person has to look."""
AT_FIRST = 15.0
"""Seconds for which it may be away when it is opened: a restart may be under way, or the address may be mistyped."""
RETRY_AFTER = 1.0
"""Seconds between two attempts: many workers that wait must not keep a database from starting."""
FRESH = 1.0
"""Seconds for which all trials of a study, once read, are not read again unless this process writes.

Optuna reads all trials that have not ended at every look, and a claim looks five times. Nothing that is decided by such
a look is taken for granted: the database gives a trial to one worker alone.
"""


class RetryingStorage(BaseStorage):
    """Optuna's storage in a database server that may be away for some minutes, and is asked no more than is needed.

    Trainings go on meanwhile, until they have an epoch to report.

    Args:
        address: the address of the database.

    Raises:
        InputError: by every request, if the database is away for longer than `LONGEST_OUTAGE`.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        settings = {"pool_pre_ping": True, "connect_args": time_limit(make_url(address.full))}
        opened = partial(RDBStorage, address.full, engine_kwargs=settings)
        self.storage = get_storage(retried(address, opened, AT_FIRST))
        self.read: dict[int, tuple[float, list[FrozenTrial]]] = {}

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Give the trials of a study in these states, as they were within the last `FRESH` seconds."""
        read_at, trials = self.read.get(study_id, (-FRESH, []))
        if time.monotonic() > read_at + FRESH:
            read_at = time.monotonic()
            trials = retried(self.address, partial(self.storage.get_all_trials, study_id, deepcopy=False))
            self.read[study_id] = read_at, trials
        found = [trial for trial in trials if states is None or trial.state in states]
        return copy.deepcopy(found) if deepcopy else found

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """Set the state of a trial, and its values, and tell whether this was done."""
        request = partial(self.storage.set_trial_state_values, trial_id, state, values)
        try:
            return bool(retried(self.address, request, ends_trial=state.is_finished()))
        finally:
            self.read.clear()


def _retrying(name: str) -> Callable[..., Any]:
    @wraps(getattr(BaseStorage, name))
    def repeated(self: RetryingStorage, *args: Any, **kwargs: Any) -> Any:
        try:
            return retried(self.address, partial(getattr(self.storage, name), *args, **kwargs))
        finally:
            # After what was written; epochs of a trial that is being trained decide nothing that was read.
            if not name.startswith(("get_", "check_", "set_trial_intermediate_value")):
                self.read.clear()

    return repeated


for _name, _member in vars(BaseStorage).items():
    if callable(_member) and not _name.startswith("_") and _name not in vars(RetryingStorage):
        setattr(RetryingStorage, _name, _retrying(_name))
RetryingStorage.__abstractmethods__ = frozenset()  # which the class had before they were set


def retried(
    address: Address, request: Callable[[], Any], patience: float = LONGEST_OUTAGE, *, ends_trial: bool = False
) -> Any:
    """Give the answer to a request, which is repeated while its database is away.

    Args:
        address: the address of the database.
        request: the request.
        patience: seconds for which the database may be away.
        ends_trial: whether the request ends a trial. If the trial has ended when the request is repeated, as a rule the
            first request has ended it, and only the answer was lost.

    Returns:
        The answer; True where such a trial has ended.

    Raises:
        InputError: the database is away for longer.
        UpdateFinishedTrialError: the request is about a trial that another process has ended.
        Interrupted: a signal came meanwhile.
    """
    deadline = time.monotonic() + patience
    is_first = True
    while True:
        try:
            return request()
        except UpdateFinishedTrialError:
            if is_first or not ends_trial:
                raise
            return True
        except (OperationalError, InterfaceError, StorageInternalError) as error:
            cause = error.__cause__ if isinstance(error, StorageInternalError) else error
            if not isinstance(cause, OperationalError | InterfaceError):
                raise
            if time.monotonic() > deadline:
                raise InputError(_gone(address, cause, patience)) from error
            if is_first:
                log.warning(f"the study's storage {address}: no answer; the study waits for it: {first_line(cause)}")
                is_first = False
            raise_if_interrupted()  # a worker that talks to its study is not disturbed by signals otherwise
            time.sleep(RETRY_AFTER)


def _gone(address: Address, error: Exception, seconds: float) -> str:
    return (
        f"the study's storage {address}: no answer for {seconds:.0f} seconds ({first_line(error)}). Correct the "
        "address; or type the command again once the database answers: what is finished stays"
    )
