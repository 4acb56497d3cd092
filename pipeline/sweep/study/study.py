"""A study hands each of its trials to one worker: none is trained twice, none is lost, and their number is exact."""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from pipeline.sweep.optuna_internals import FIXED_PARAMS, trial_of
from pipeline.sweep.sampling import sampler_of, untried
from pipeline.sweep.space.space import key_of
from pipeline.sweep.space.value_sources import from_trial
from pipeline.sweep.study.claimed_trial import ClaimedTrial
from pipeline.sweep.study.definition import check_definition
from pipeline.sweep.study.lease import EXPIRY, LEASE, Leases
from pipeline.sweep.study.locks import common_lock, machine_lock, server_lock
from pipeline.sweep.study.plan import Plan
from pipeline.sweep.study.pruning import StudyForPruner
from pipeline.sweep.study.queue import add_known, add_next, by_duration, fixed_point, suggested_point, taken_by_others
from pipeline.sweep.study.results import REASON, StudyResults
from pipeline.sweep.study.storage import storage_of

log = logging.getLogger(__name__)


class Study(StudyResults):
    """A study is opened in its storage, and follows a plan.

    Args:
        plan: the plan; its study is created if the storage has none of its name.
        flop: estimated floating-point operations of planned points, by `key_of` the point.

    Raises:
        InputError: the storage cannot be opened, or its study has another definition than the plan.
    """

    def __init__(self, plan: Plan, flop: Mapping[str, float] | None = None) -> None:
        self.plan = plan
        self.settings = plan.settings
        self.storage: BaseStorage = storage_of(self.settings.study, self.settings.storage)
        self.leases = Leases(self.storage, one_machine=self.settings.storage is None)
        with common_lock(self.settings.study, self.settings.storage):
            self.optuna = optuna.create_study(
                study_name=self.settings.study,
                storage=self.storage,
                directions=self.settings.directions,
                load_if_exists=True,
                sampler=self._sampler(0),
                pruner=self.settings.pruner,
            )
            check_definition(self.optuna, plan)
            add_known(self.optuna, plan, flop or {})
            self.raise_n_trials(plan.n_trials)

    def claim(self) -> ClaimedTrial | None:
        """Claim the next trial for this process; None if no trial is left."""
        if self.gave_up:
            return None
        with machine_lock(self.settings.study, self.settings.storage):
            self.free_abandoned()
            for trial in self._queue():
                trial_id = self._id_of(trial)
                if self._take(trial_id):
                    self.leases.acquire(trial_id)
                    return self._claimed(trial, trial_id)
        return None

    def is_trained(self) -> bool:
        """Tell whether a process is at work on the study, once that is known: within `EXPIRY` of a lease."""
        is_told = False
        while True:
            with machine_lock(self.settings.study, self.settings.storage):
                self.free_abandoned()
            running = self.of_state(TrialState.RUNNING)
            if not running or any(self.leases.is_held(trial) for trial in running):
                return bool(running)
            if not is_told:
                name = self.settings.study
                log.info(f"sweep.study={name}: waiting to see whether another node trains it, up to {EXPIRY:.0f} s")
                is_told = True
            time.sleep(1)

    def renew(self, claimed: Iterable[ClaimedTrial]) -> list[ClaimedTrial]:
        """Renew the leases of trials that this process works on, and watch those of others.

        Returns:
            The trials that another process has taken over, as this one had not renewed its lease for too long.
        """
        self.leases.look(partial(self.of_state, TrialState.RUNNING))
        by_id = {each.id: each for each in claimed}
        return [by_id[trial_id] for trial_id in self.leases.renew(by_id)]

    def report(self, claimed: ClaimedTrial, step: int, metrics: Mapping[str, float]) -> bool:
        """Report the metrics of an epoch; returns whether the pruner ends the trial now.

        Nothing happens if another process has taken the trial over, of which `renew` tells.
        """
        name = self.settings.prune_by
        value = self.settings.sign(name) * self.settings.sign(self.settings.objective[0]) * metrics[name]
        if self.leases.holds(claimed.id):
            with suppress(UpdateFinishedTrialError):  # whoever has taken it over at this instant has ended it already
                self.storage.set_trial_intermediate_value(claimed.id, step, value)
                study = StudyForPruner(self.optuna, self.storage, self.settings.directions[0])
                return self.settings.pruner.prune(study, self.storage.get_trial(claimed.id))
        return False

    def end(self, claimed: ClaimedTrial, state: TrialState, values: Sequence[float] = (), reason: str = "") -> None:
        """End this process's work on a trial; in state WAITING another process may go on with it.

        Nothing happens if another process has taken the trial over, which then ends it.

        Args:
            claimed: the trial.
            state: the state that it has from now on.
            values: the value of each objective, in state COMPLETE.
            reason: why it failed, in state FAIL.
        """
        if not self.leases.holds(claimed.id):
            return
        with suppress(UpdateFinishedTrialError):
            if reason:
                self.storage.set_trial_user_attr(claimed.id, REASON, reason)
            if state == TrialState.COMPLETE:
                self.optuna.tell(claimed.number, list(values), skip_if_finished=True)
            elif state == TrialState.WAITING:
                self._release(claimed.id)
            else:
                self.storage.set_trial_state_values(claimed.id, state)

    def note(self, claimed: ClaimedTrial, facts: Mapping[str, float]) -> None:
        """Store numbers about a trial beside its values, unless another process has taken the trial over."""
        if self.leases.holds(claimed.id):
            with suppress(UpdateFinishedTrialError):
                for name, fact in facts.items():
                    self.storage.set_trial_user_attr(claimed.id, name, fact)

    def _id_of(self, trial: FrozenTrial) -> int:
        study_id = self.storage.get_study_id_from_name(self.settings.study)
        return self.storage.get_trial_id_from_study_id_trial_number(study_id, trial.number)

    def _claimed(self, trial: FrozenTrial, trial_id: int) -> ClaimedTrial:
        self.optuna.sampler = self._sampler(trial.number)
        if not self.plan.space.is_whole(fixed_point(trial)):
            point = suggested_point(self.optuna, self.plan.space, self.storage.get_trial(trial_id))
            self.storage.set_trial_system_attr(trial_id, FIXED_PARAMS, point)
            # Another machine may have been suggested the same meanwhile. Of two, at least the second to write sees it.
            while key_of(point) in (taken := taken_by_others(self.optuna, trial.number)):
                point = untried(point, taken, self.plan.space, trial.number, fixed_point(trial))
                self.storage.set_trial_system_attr(trial_id, FIXED_PARAMS, point)
        values = self.plan.space.suggest(from_trial(trial_of(self.optuna, trial_id)))
        return ClaimedTrial(trial.number, trial_id, values, is_new=LEASE not in trial.system_attrs)

    def _take(self, trial_id: int) -> bool:
        """Ask for a waiting trial, which the storage gives to one process alone, and tell whether it is this one."""
        try:
            return self.storage.set_trial_state_values(trial_id, TrialState.RUNNING)
        except UpdateFinishedTrialError:  # another machine has trained it since it was read
            return False

    def _queue(self) -> Iterator[FrozenTrial]:
        one_at_a_time = self.settings.slots * self.settings.workers == 1
        waiting = self.of_state(TrialState.WAITING)
        yield from waiting if one_at_a_time else by_duration(waiting)
        while trial := add_next(self.optuna, self.storage, self.plan.n_trials):
            yield trial

    def _sampler(self, number: int) -> BaseSampler:
        """Create a sampler for a trial, so that its suggestions depend on the trials before and on nothing else."""
        return sampler_of(self.plan.sampler, self.settings.seed, number)

    def _release(self, trial_id: int) -> None:
        self.leases.release(trial_id)
        self.storage.set_trial_state_values(trial_id, TrialState.WAITING)

    def free_abandoned(self) -> None:
        """Put the trials of processes that are gone back into the queue."""
        abandoned = [trial for trial in self.of_state(TrialState.RUNNING) if self.leases.is_abandoned(trial)]
        if abandoned:
            with server_lock(self.settings.study, self.settings.storage):  # so that no two free the same trial
                for trial in abandoned:
                    self._free(trial)

    def _free(self, trial: FrozenTrial) -> None:
        trial_id = self._id_of(trial)
        # Another process may have ended the trial, or freed and claimed it, since it was read.
        now = self.storage.get_trial(trial_id)
        if now.state == TrialState.RUNNING and now.system_attrs == trial.system_attrs:
            with suppress(UpdateFinishedTrialError):  # its process was slow, not gone, and ends it at this instant
                self._release(trial_id)
