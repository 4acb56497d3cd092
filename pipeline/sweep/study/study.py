"""A study hands each of its trials to one worker: none is trained twice, none is lost, and their number is exact."""

from collections.abc import Mapping, Sequence

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from pipeline.metric_names import under_current_names
from pipeline.sweep.optuna_internals import FIXED_PARAMS, trial_of
from pipeline.sweep.sampling import sampler_of
from pipeline.sweep.settings import StudySettings
from pipeline.sweep.space.value_sources import from_trial
from pipeline.sweep.study.claimed_trial import ClaimedTrial
from pipeline.sweep.study.definition import check_definition
from pipeline.sweep.study.lease import Leases, is_leased
from pipeline.sweep.study.plan import Plan
from pipeline.sweep.study.pruning import StudyForPruner
from pipeline.sweep.study.queue import add_missing, by_duration, fixed_point, suggested_point
from pipeline.sweep.study.storage import journal_of, lock_of, storage_of

RUN_ID = "parent_run"
"""The user attribute of a study in Optuna's storage that keeps the id of its MLflow run."""
REASON = "reason"
"""The user attribute of a trial in Optuna's storage that keeps why it failed."""
optuna.logging.set_verbosity(optuna.logging.ERROR)


class Study:
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
        self.leases = Leases(self.storage)
        with lock_of(self.settings.study):
            self.optuna = optuna.create_study(
                study_name=self.settings.study,
                storage=self.storage,
                directions=self.settings.directions,
                load_if_exists=True,
                sampler=self._sampler(0),
                pruner=self.settings.pruner,
            )
            check_definition(self.optuna, plan)
            add_missing(self.optuna, plan, flop or {})

    @property
    def trials(self) -> list[FrozenTrial]:
        """The planned trials by number; a storage may have more, of a command with a higher `sweep.n_trials`."""
        return self.optuna.get_trials(deepcopy=False)[: self.plan.n_trials]

    def of_state(self, *states: TrialState) -> list[FrozenTrial]:
        """Give the trials in these states."""
        return [trial for trial in self.trials if trial.state in states]

    @property
    def run_id(self) -> str | None:
        """The id of the study's own MLflow run; None before it has one."""
        return self.optuna.user_attrs.get(RUN_ID)

    @run_id.setter
    def run_id(self, run_id: str) -> None:
        self.optuna.set_user_attr(RUN_ID, run_id)

    def ranking(self) -> list[FrozenTrial]:
        """Give the completed trials, the best first.

        With several objectives those on the Pareto front come first; `sweep.prune_by` ranks the trials on it, and the
        others.
        """
        [objective, *more] = self.settings.objective
        metric = self.settings.prune_by if more else objective
        front = {trial.number for trial in self.front()} if more else set()

        def place(trial: FrozenTrial) -> tuple[bool, float]:
            value = self.ranked_by(trial) if more else trial.values[0]
            return bool(more) and trial.number not in front, self.settings.sign(metric) * value

        return sorted(self.of_state(TrialState.COMPLETE), key=place)

    def ranked_by(self, trial: FrozenTrial) -> float:
        """Give the metric `sweep.prune_by` of a completed trial of several objectives."""
        return float(under_current_names(trial.user_attrs)[self.settings.prune_by])

    def front(self) -> list[FrozenTrial]:
        """Give the trials on the Pareto front: no other trial is better in all objectives."""
        return [trial for trial in self.optuna.best_trials if trial.number < self.plan.n_trials]

    def last_failure(self) -> str:
        """Say which trial failed last, and why; an empty text where none failed."""
        failed = self.of_state(TrialState.FAIL)
        return f"trial {failed[-1].number}: {failed[-1].user_attrs.get(REASON, '')}".rstrip(".") if failed else ""

    @property
    def gave_up(self) -> bool:
        """Whether more trials failed than `sweep.max_failures` tolerates."""
        limit = self.settings.max_failures
        return limit is not None and len(self.of_state(TrialState.FAIL)) > limit

    @property
    def is_over(self) -> bool:
        """Whether no trial is left to train."""
        return self.gave_up or not self.of_state(TrialState.WAITING, TrialState.RUNNING)

    def claim(self) -> ClaimedTrial | None:
        """Claim the next trial for this process; None if no trial is waiting."""
        if self.gave_up:
            return None
        with lock_of(self.settings.study):
            self._free_abandoned()
            for trial in self._in_turn(self.of_state(TrialState.WAITING)):
                trial_id = self._id_of(trial)
                self.leases.acquire(trial_id)  # first, so that a running trial has a lease at every instant
                if self.storage.set_trial_state_values(trial_id, TrialState.RUNNING):
                    self.leases.acquire(trial_id)  # another machine may have acquired it in between
                    return self._claimed(trial, trial_id)
        return None

    def report(self, claimed: ClaimedTrial, step: int, metrics: Mapping[str, float]) -> bool:
        """Report the metrics of an epoch; returns whether the pruner ends the trial now."""
        name = self.settings.prune_by
        value = self.settings.sign(name) * self.settings.sign(self.settings.objective[0]) * metrics[name]
        self.storage.set_trial_intermediate_value(claimed.id, step, value)
        study = StudyForPruner(self.optuna, self.storage, self.settings.directions[0])
        return self.settings.pruner.prune(study, self.storage.get_trial(claimed.id))

    def end(
        self, claimed: ClaimedTrial, state: TrialState, values: Sequence[float] | None = None, reason: str = ""
    ) -> None:
        """End this process's work on a trial; in state WAITING another process may go on with it.

        Args:
            claimed: the trial.
            state: the state that it has from now on.
            values: the value of each objective, in state COMPLETE.
            reason: why it failed, in state FAIL.
        """
        if reason:
            self.storage.set_trial_user_attr(claimed.id, REASON, reason)
        if state == TrialState.COMPLETE:
            self.optuna.tell(claimed.number, list(values or ()))
        else:
            self.storage.set_trial_state_values(claimed.id, state)

    def note(self, claimed: ClaimedTrial, facts: Mapping[str, float]) -> None:
        """Store numbers about a trial beside its values."""
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
        values = self.plan.space.suggest(from_trial(trial_of(self.optuna, trial_id)))
        return ClaimedTrial(trial.number, trial_id, values)

    def _in_turn(self, waiting: list[FrozenTrial]) -> list[FrozenTrial]:
        one_at_a_time = self.settings.slots * self.settings.workers == 1
        return waiting if one_at_a_time else by_duration(waiting)

    def _sampler(self, number: int) -> BaseSampler:
        """Create a sampler for a trial, so that its suggestions depend on the trials before and on nothing else."""
        return sampler_of(self.plan.sampler, self.settings.seed, number)

    def _free_abandoned(self) -> None:
        for trial in self.of_state(TrialState.RUNNING):
            if not is_leased(trial):
                self.storage.set_trial_state_values(self._id_of(trial), TrialState.WAITING)


def is_begun(settings: StudySettings) -> bool:
    """Tell whether a study of this name exists and has a run of its own."""
    if settings.storage is None and not journal_of(settings.study).exists():
        return False  # nothing is created before all settings are known to be right
    storage = storage_of(settings.study, settings.storage)
    names = optuna.get_all_study_names(storage)
    return (
        settings.study in names and RUN_ID in optuna.load_study(study_name=settings.study, storage=storage).user_attrs
    )
