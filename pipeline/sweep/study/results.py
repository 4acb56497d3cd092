"""The results of a study are its trials so far: their states, the best of them, and why some failed."""

from collections.abc import Sequence
from uuid import uuid4

import optuna
from optuna.trial import FrozenTrial, TrialState

from pipeline.metric_names import under_current_names
from pipeline.sweep.settings import StudySettings
from pipeline.sweep.study.plan import Plan

RUN_ID = "parent_run"
"""The user attribute of a study in Optuna's storage that keeps the id of its MLflow run."""
KEY = "key"
"""The user attribute of a study in Optuna's storage that tells it from others of its name, as a tag of its run does."""
N_TRIALS = "n_trials"
"""The user attribute of a study in Optuna's storage that keeps the number of trials that it is to have."""
REPORT = "report"
"""The user attribute of a study that says which trials its report is of, and the version of its champion's model."""
REASON = "reason"
"""The user attribute of a trial in Optuna's storage that keeps why it failed."""


class StudyResults:
    """The results of a study are its trials so far.

    Attributes:
        plan: the plan of the study.
        settings: the settings in that plan.
        optuna: the study as Optuna knows it.
    """

    plan: Plan
    settings: StudySettings
    optuna: optuna.Study

    @property
    def trials(self) -> list[FrozenTrial]:
        """The planned trials by number; a storage may have more, of a command with a higher `sweep.n_trials`."""
        return self.optuna.get_trials(deepcopy=False)[: self.plan.n_trials]

    def counts(self) -> dict[TrialState, int]:
        """Count the trials in each state; those that are yet to be added wait."""
        return counts_of(self.trials, self.plan.n_trials)

    def raise_n_trials(self, n_trials: int) -> None:
        """Store the number of trials that the study is to have, if it grew, for those who look without a plan."""
        if n_trials > self.optuna.user_attrs.get(N_TRIALS, 0):
            self.optuna.set_user_attr(N_TRIALS, n_trials)

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

    @property
    def key(self) -> str:
        """What tells the study from others of the same name; made at the first call, for which a lock must be held."""
        if KEY not in self.optuna.user_attrs:
            self.optuna.set_user_attr(KEY, uuid4().hex)
        return str(self.optuna.user_attrs[KEY])

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
        counts = self.counts()
        return self.gave_up or not counts[TrialState.WAITING] + counts[TrialState.RUNNING]


def counts_of(trials: Sequence[FrozenTrial], n_trials: int) -> dict[TrialState, int]:
    """Count trials in each state; those that are yet to be added, up to so many in all, wait."""
    counts = {state: sum(trial.state == state for trial in trials) for state in TrialState}
    return counts | {TrialState.WAITING: counts[TrialState.WAITING] + max(0, n_trials - len(trials))}
