"""Who works on a trial, and whether somebody still does."""

import time
from collections.abc import Iterable

from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial

from pipeline.tracking.owner import is_alive, owner_tags

OWNER = "owner"
BEAT = 20.0
"""Seconds between the signs of life of whoever works on a trial."""
SILENCE = 10 * BEAT
"""Seconds without one after which a worker of another machine is taken for dead."""


class Owners:
    """Signs trials of a storage as this process's own."""

    def __init__(self, storage: BaseStorage) -> None:
        self._storage, self._beaten = storage, 0.0

    def sign(self, trial_id: int) -> None:
        """Say that this process works on it now."""
        self._storage.set_trial_system_attr(trial_id, OWNER, {**owner_tags(), "at": time.time()})

    def beat(self, trial_ids: Iterable[int]) -> None:
        """Say, if it is time again, that these are still being worked on."""
        if time.time() > self._beaten + BEAT:
            self._beaten = time.time()
            for trial_id in trial_ids:
                self.sign(trial_id)


def is_owned(trial: FrozenTrial) -> bool:
    """Whether somebody works on a running trial, as far as can be told from here."""
    owner = trial.system_attrs[OWNER]
    return is_alive(owner) and time.time() - owner["at"] < SILENCE
