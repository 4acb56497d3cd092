"""A lease says which process works on a trial, and expires when the process dies or falls silent."""

import time
from collections.abc import Iterable

from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial

from pipeline.tracking.owner import is_alive, owner_tags

LEASE = "owner"
"""The system attribute of a trial that keeps its lease, under the name that earlier versions stored."""
RENEWAL = 20.0
"""Seconds between the renewals of a lease: rare enough to cost nothing beside an epoch."""
EXPIRY = 10 * RENEWAL
"""Seconds without a renewal after which a worker of another machine is taken for dead.

Ten renewals may be late before a trial is taken from a machine that is only busy; a dead process of this machine is
seen at once.
"""


class Leases:
    """The leases that this process holds.

    Args:
        storage: Optuna's storage of the study.
    """

    def __init__(self, storage: BaseStorage) -> None:
        self._storage = storage
        self._renewed_at = 0.0

    def acquire(self, trial_id: int) -> None:
        """Write down that this process works on a trial from now on."""
        self._storage.set_trial_system_attr(trial_id, LEASE, {**owner_tags(), "at": time.time()})

    def renew(self, trial_ids: Iterable[int]) -> None:
        """Renew the leases of these trials, if the last renewal is long enough ago."""
        if time.time() > self._renewed_at + RENEWAL:
            self._renewed_at = time.time()
            for trial_id in trial_ids:
                self.acquire(trial_id)


def is_leased(trial: FrozenTrial) -> bool:
    """Tell whether some process works on a running trial, as far as this machine can tell."""
    lease = trial.system_attrs[LEASE]
    return is_alive(lease) and time.time() - lease["at"] < EXPIRY
