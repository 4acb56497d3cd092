"""A lease says which process works on a trial, and expires when the process dies or its beat stops.

No clock of another machine is read: a beat is a text that its holder replaces, and whoever watches it measures, by the
monotonic clock of its own machine, for how long the text has been the same.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import uuid4

from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial

from pipeline.tracking.owner import is_alive, is_visible, owner_tags

LEASE = "owner"
"""The system attribute of a trial that keeps its lease, under the name that earlier versions stored."""
RENEWAL = 20.0
"""Seconds between two beats of a lease: rare enough to cost nothing beside an epoch."""
LOOK = 3 * RENEWAL
"""Seconds between two looks at the leases of others, which are many where many workers are at work."""
EXPIRY = 10 * RENEWAL
"""Seconds without a new beat after which a worker of another machine is taken for dead.

Ten beats may be late before a trial is taken from a machine that is only busy; a dead process of this machine is seen
at once.
"""


@dataclass
class _Watched:
    """The latest beat seen of a lease, when it was seen first and last, and whether it followed another."""

    beat: object
    since: float
    latest: float
    renewed: bool = False


class Leases:
    """The leases of a study: those that this process holds, and those of others that it watches.

    Args:
        storage: Optuna's storage of the study.
        one_machine: whether all processes that claim its trials do so under one lock.
    """

    def __init__(self, storage: BaseStorage, *, one_machine: bool) -> None:
        self._storage = storage
        self._one_machine = one_machine
        self._renewed_at = 0.0
        self._looked_at = 0.0
        self._held: dict[int, str] = {}
        self._watched: dict[int, _Watched] = {}

    def acquire(self, trial_id: int) -> None:
        """Write down that this process works on a trial from now on."""
        beat = uuid4().hex
        self._storage.set_trial_system_attr(trial_id, LEASE, {**owner_tags(), "beat": beat})
        self._held[trial_id] = beat

    def release(self, trial_id: int) -> None:
        """Write down that no process works on a trial any longer, before it waits for another one.

        The lease that is written here stays on the trial until whoever claims it next has written a lease of its own.
        If another process looks at the trial in between, it must not find the lease of a process that is gone, as it
        would take the trial for abandoned. So the lease is left empty. Where claims are made under one lock, no other
        process looks in between. There the lease names this process: should it end before the trial waits, as on a
        full disk, the trial is known to be abandoned at once.
        """
        self._storage.set_trial_system_attr(trial_id, LEASE, owner_tags() if self._one_machine else {})
        self._held.pop(trial_id, None)

    @property
    def is_due(self) -> bool:
        """Whether the last renewal is long enough ago for another one."""
        return time.monotonic() > self._renewed_at + RENEWAL

    def look(self, running: Callable[[], Iterable[FrozenTrial]]) -> None:
        """Look at the leases of the trials that are being trained, if the last look is long enough ago."""
        if time.monotonic() > self._looked_at + LOOK:
            self._looked_at = time.monotonic()
            for trial in running():
                self._observe(trial)

    def renew(self, trial_ids: Iterable[int]) -> set[int]:
        """Renew the leases of these trials; returns the ids of those that another process has taken over meanwhile."""
        self._renewed_at = time.monotonic()
        taken = set()
        for trial_id in trial_ids:
            if not self._renew(trial_id):
                taken.add(trial_id)
        return taken

    def _renew(self, trial_id: int) -> bool:
        if not self.holds(trial_id):
            return False
        try:
            self.acquire(trial_id)
        except UpdateFinishedTrialError:  # whoever has taken the trial over meanwhile has ended it already
            return False
        return True

    def holds(self, trial_id: int) -> bool:
        """Tell whether the lease of a trial is still the one that this process wrote last."""
        beat = _lease(self._storage.get_trial(trial_id)).get("beat")
        return trial_id in self._held and beat == self._held[trial_id]

    def is_abandoned(self, trial: FrozenTrial) -> bool:
        """Tell whether nobody works on a running trial: its process is gone, or its beat was the same for `EXPIRY`."""
        lease = _lease(trial)
        if lease and not is_alive(lease):
            return True
        seen = self._observe(trial)
        return seen.latest - seen.since > EXPIRY

    def _observe(self, trial: FrozenTrial) -> _Watched:
        """See the beat of a running trial, and return since when it is the same."""
        lease = _lease(trial)
        beat = lease.get("beat", lease.get("at"))  # earlier versions wrote the time
        now = time.monotonic()
        known = self._watched.get(trial.number)
        # A watcher that slept has seen nothing meanwhile, and those that it watches may have slept with it.
        if known is None or known.beat != beat or now - known.latest > EXPIRY / 2:
            renewed = known is not None and known.beat != beat
            known = self._watched[trial.number] = _Watched(beat, now, now, renewed)
        known.latest = now
        return known

    def is_held(self, trial: FrozenTrial) -> bool:
        """Tell whether a process is known to work on a running trial that was watched: it is here, or was renewed."""
        lease = _lease(trial)
        watched = self._watched.get(trial.number)
        return (is_visible(lease) and is_alive(lease)) or (watched is not None and watched.renewed)


def _lease(trial: FrozenTrial) -> dict[str, str]:
    """Return the lease of a trial; empty while a process that has just claimed the trial is about to write one."""
    lease: dict[str, str] = trial.system_attrs.get(LEASE, {})
    return lease
