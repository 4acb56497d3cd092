"""A study and who works on which of its trials: no trial twice, none lost, exactly as many as were asked for."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from pipeline.errors import InputError
from pipeline.metric_names import under_current_names
from pipeline.sweep.sampling import sampler_of
from pipeline.sweep.settings import StudySettings
from pipeline.sweep.space.suggest import by_trial
from pipeline.sweep.study.lease import Owners, is_owned
from pipeline.sweep.study.plan import Claimed, Plan, asked_now, difference
from pipeline.sweep.study.pruning import OneDirection
from pipeline.sweep.study.queue import POINT, WORK, add_missing, chosen
from pipeline.sweep.study.storage import journal_of, lock_of, storage_of

QUESTION, PARENT, REASON = "question", "parent_run", "reason"
optuna.logging.set_verbosity(optuna.logging.ERROR)


class Study:
    """The study of a plan in its storage.

    Args:
        plan: of the study, which is made if there is none of its name.
        work: of points that are planned, by `key_of` them.

    Raises:
        InputError: the storage cannot be opened, or the study asks another question than the plan.
    """

    def __init__(self, plan: Plan, work: Mapping[str, float] | None = None) -> None:
        self.plan, self.settings = plan, plan.settings
        self.storage: BaseStorage = storage_of(self.settings.study, self.settings.storage)
        self.owners = Owners(self.storage)
        with self._decision():
            self.optuna = optuna.create_study(
                study_name=self.settings.study,
                storage=self.storage,
                directions=self.settings.directions,
                load_if_exists=True,
                sampler=self._sampler(0),
                pruner=self.settings.pruner,
            )
            self._ask_the_same()
            add_missing(self.optuna, plan, work or {})

    @property
    def trials(self) -> list[FrozenTrial]:
        """All that count, in order."""
        return self.optuna.get_trials(deepcopy=False)[: self.plan.number]

    def of_state(self, *states: TrialState) -> list[FrozenTrial]:
        """The trials in these states."""
        return [trial for trial in self.trials if trial.state in states]

    @property
    def run_id(self) -> str | None:
        """Of the study's own run; None before it has one."""
        return self.optuna.user_attrs.get(PARENT)

    @run_id.setter
    def run_id(self, run_id: str) -> None:
        self.optuna.set_user_attr(PARENT, run_id)

    def ranking(self) -> list[FrozenTrial]:
        """The trials that have a value, the best first; of several objectives first those on the Pareto front, and by
        what trials are pruned by."""
        settings, [objective, *more] = self.settings, self.settings.objective
        front = {trial.number for trial in self.front()} if more else set()

        def place(trial: FrozenTrial) -> tuple[bool, float]:
            if more:
                return trial.number not in front, settings.sign(settings.prune_by) * self.merit(trial)
            return False, settings.sign(objective) * trial.values[0]

        return sorted(self.of_state(TrialState.COMPLETE), key=place)

    def merit(self, trial: FrozenTrial) -> float:
        """What trials are pruned by, of a trial of several objectives that has ended."""
        return float(under_current_names(trial.user_attrs)[self.settings.prune_by])

    def front(self) -> list[FrozenTrial]:
        """The trials that no other beats in all objectives."""
        return [trial for trial in self.optuna.best_trials if trial.number < self.plan.number]

    def last_failure(self) -> str:
        """Why the latest of the failed trials did."""
        failed = self.of_state(TrialState.FAIL)
        return f"trial {failed[-1].number}: {failed[-1].user_attrs.get(REASON, '')}".rstrip(".") if failed else ""

    @property
    def hopeless(self) -> bool:
        """Whether too many trials failed."""
        limit = self.settings.max_failures
        return limit is not None and len(self.of_state(TrialState.FAIL)) > limit

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self.hopeless or not self.of_state(TrialState.WAITING, TrialState.RUNNING)

    def claim(self) -> Claimed | None:
        """The next trial, ours alone; None if there is none now."""
        if self.hopeless:
            return None
        with self._decision():
            self._free_abandoned()
            for trial in self._in_turn(self.of_state(TrialState.WAITING)):
                self.owners.sign(trial._trial_id)  # first, so that a running trial has an owner at every instant
                if self.storage.set_trial_state_values(trial._trial_id, TrialState.RUNNING):
                    self.owners.sign(trial._trial_id)  # another machine may have said the same meanwhile
                    return self._suggested(trial)
        return None

    def report(self, claimed: Claimed, step: int, metrics: Mapping[str, float]) -> bool:
        """Note a metric of an epoch; whether the trial should end now."""
        name = self.settings.prune_by
        value = self.settings.sign(name) * self.settings.sign(self.settings.objective[0]) * metrics[name]
        self.storage.set_trial_intermediate_value(claimed.id, step, value)
        return self.settings.pruner.prune(OneDirection(self.optuna, self.settings), self.storage.get_trial(claimed.id))

    def end(self, claimed: Claimed, state: TrialState, values: Sequence[float] | None = None, reason: str = "") -> None:
        """Note how a trial ended; in state WAITING, that it is to be gone on with."""
        if reason:
            self.storage.set_trial_user_attr(claimed.id, REASON, reason)
        if state == TrialState.COMPLETE:
            self.optuna.tell(claimed.number, list(values or ()))
        else:
            self.storage.set_trial_state_values(claimed.id, state)

    def note(self, claimed: Claimed, facts: Mapping[str, float]) -> None:
        """Keep facts about a trial beside its values."""
        for name, fact in facts.items():
            self.storage.set_trial_user_attr(claimed.id, name, fact)

    def _suggested(self, trial: FrozenTrial) -> Claimed:
        self.optuna.sampler = self._sampler(trial.number)
        if not self.plan.space.is_whole(trial.system_attrs.get(POINT, {})):
            point = chosen(self.optuna, self.plan, self.storage.get_trial(trial._trial_id))
            self.storage.set_trial_system_attr(trial._trial_id, POINT, point)
        values = self.plan.space.suggest(by_trial(optuna.Trial(self.optuna, trial._trial_id)))
        return Claimed(trial.number, trial._trial_id, values)

    def _in_turn(self, waiting: list[FrozenTrial]) -> list[FrozenTrial]:
        """By number; of several at once the longest first, so that at the end none is waited for alone."""
        if self.settings.slots * self.settings.workers == 1:
            return waiting
        return sorted(waiting, key=lambda trial: -trial.system_attrs.get(WORK, 0.0))

    def _sampler(self, number: int) -> BaseSampler:
        """Anew for each trial, so that what it draws depends on the trials before and on nothing else."""
        return sampler_of(self.plan.sampler, self.settings.seed, number)

    def _free_abandoned(self) -> None:
        for trial in self.of_state(TrialState.RUNNING):
            if not is_owned(trial):
                self.storage.set_trial_state_values(trial._trial_id, TrialState.WAITING)

    def _ask_the_same(self) -> None:
        question = self.plan.question()
        known = self.optuna.user_attrs.get(QUESTION)
        if known is None:
            self.optuna.set_metric_names(self.settings.objective)
            self.optuna.set_user_attr(QUESTION, question)
        elif said := difference(asked_now(known), json.loads(json.dumps(question))):
            raise InputError(
                f"sweep.study={self.settings.study}: there is such a study already, and it asks another question:\n"
                f"{said}\n"
                f"Set it back, or begin another study: sweep.study={self.settings.study}_2"
            )

    @contextmanager
    def _decision(self) -> Iterator[None]:
        with lock_of(self.settings.study):
            yield


def is_begun(settings: StudySettings) -> bool:
    """Whether there is such a study already, with a run of its own."""
    if settings.storage is None and not journal_of(settings.study).exists():
        return False  # and so it stays, until all that the user asks for is known to be right
    storage = storage_of(settings.study, settings.storage)
    names = optuna.get_all_study_names(storage)
    return (
        settings.study in names and PARENT in optuna.load_study(study_name=settings.study, storage=storage).user_attrs
    )
