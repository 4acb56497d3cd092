"""The loop of a worker claims trials of a study and has them trained, several at once, until none is left."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from optuna.trial import TrialState

from pipeline.errors import InputError, StoreUnreachable
from pipeline.process.interruption import raise_if_interrupted, signals_deferred
from pipeline.sweep.replicates import aggregate, next_replicate
from pipeline.sweep.study.claimed_trial import ClaimedTrial
from pipeline.sweep.study.node import RefusedNode, adopt_data, refuse_other_code
from pipeline.sweep.study.study import Study
from pipeline.sweep.study_run import SharedRun
from pipeline.sweep.workers.messages import End, Epoch, Job, Loaded
from pipeline.sweep.workers.next_job import next_job
from pipeline.sweep.workers.pause import Pause
from pipeline.sweep.workers.pool import Pool
from pipeline.sweep.workers.progress import Progress
from pipeline.tracking.server_check import prompt_answers
from pipeline.tracking.store import Store
from pipeline.tracking.trials import StillTraining, Trials

if TYPE_CHECKING:
    from pipeline.sweep.workers.worker import Worker


class WorkerLoop:
    """The loop of a worker claims trials, and keeps of each the metrics of its trained replicates.

    Args:
        worker: what the launcher has started.

    Raises:
        RefusedNode: this node has other code than the study is trained with.
    """

    def __init__(self, worker: "Worker") -> None:
        self.worker = worker
        self.settings = worker.plan.settings
        self.study = Study(worker.plan)
        refuse_other_code(self.study)
        self.parent = SharedRun(Store(worker.uri, worker.offline), worker.parent_id)
        self.trials = Trials(self.parent.run.store, self.settings.study, worker.parent_id)
        self.progress = Progress(self.study, worker.hydra_config.training.epochs)
        self.pool = Pool(self.settings.slots, self.settings.trial_timeout)
        self.pause = Pause()
        self.replicates: dict[ClaimedTrial, list[Mapping[str, float]]] = {}

    def train_until_none_is_left(self) -> None:
        """Train trials until the study is over; a signal leaves those that are being trained to whoever goes on."""
        try:
            with self.progress:
                while self._is_needed():
                    self._claim_some()
                    self.pool.attend(self._answer, self._after_training)
        finally:
            self.pool.dismiss()
            for claimed in list(self.replicates):
                self._preempt(claimed)

    # What reads or writes the study is not disturbed by signals, which would leave its copy here torn, or a trial
    # RUNNING that nobody knows of. They are heard where the worker waits.

    def _is_needed(self) -> bool:
        if self.study.leases.is_due:
            with signals_deferred():
                self._drop(self.study.renew(list(self.replicates)))
            self.parent.ensure_open()
        elif self.replicates:
            return True  # without reading the study, which is large where many workers are at work
        with signals_deferred():
            return not self.study.is_over

    def _drop(self, taken_over: Sequence[ClaimedTrial]) -> None:
        for claimed in taken_over:
            self.pool.drop(claimed)
            self.progress.drops(claimed)
            del self.replicates[claimed]

    def _claim_some(self) -> None:
        while self.pause.is_over and self.pool.has_room and (claimed := self._claim()):
            self.progress.begins(claimed)
            self._go_on(claimed)

    @signals_deferred()
    def _claim(self) -> ClaimedTrial | None:
        claimed = self.study.claim()
        if claimed:
            self.replicates[claimed] = []
            refuse_other_code(self.study)  # which a command may have adopted while this worker had no trial
        return claimed

    def _go_on(self, claimed: ClaimedTrial) -> None:
        """Begin the next replicate of a trial, or end the trial after its last."""
        job = None
        with self._or_waits(claimed):
            job = next_job(self.worker, self.trials, claimed, self.replicates[claimed])
            if job == TrialState.PRUNED:
                self._prune(claimed)
            elif job == TrialState.COMPLETE:
                self._complete(claimed)
            self.pause.forget()
        if isinstance(job, Job):
            self.pool.begin(claimed, job)

    @signals_deferred()
    def _answer(self, claimed: ClaimedTrial, message: Epoch | Loaded) -> bool | str | None:
        if isinstance(message, Loaded):
            return adopt_data(self.study, message.key, message.fingerprint)
        self.pause.forget()
        self.progress.epoch(claimed, message.number, message.metrics)
        is_first = not self.replicates[claimed]  # of its replicates, which decides for all
        return is_first and message.is_final and self.study.report(claimed, message.number, message.metrics)

    def _after_training(self, claimed: ClaimedTrial, end: End) -> None:
        if end.refusal:
            raise RefusedNode(end.refusal)
        if end.unreachable:
            self._let_wait(claimed, end.unreachable)
        elif end.failure:
            with self._or_waits(claimed):
                self._fail(claimed, end.failure)
        elif end.preempted:
            self._preempt(claimed)
        elif end.pruned:
            with self._or_waits(claimed):
                self._prune(claimed)
        else:
            self.replicates[claimed].append(end.metrics or {})
            self._go_on(claimed)

    @signals_deferred()
    def _complete(self, claimed: ClaimedTrial) -> None:
        try:
            result = aggregate(self.settings, self.replicates[claimed])
        except InputError as error:
            self._fail(claimed, str(error))
            return
        if len(self.settings.objective) > 1:
            self.study.note(claimed, {self.settings.prune_by: result.prune_by})
        if self.settings.replicates > 1:
            deviations = result.named_deviations(self.settings)
            self.trials.close(claimed.number, result.named_means(self.settings) | deviations)
            self.study.note(claimed, deviations)
        self._end(claimed, TrialState.COMPLETE, result.means)

    @contextmanager
    def _or_waits(self, claimed: ClaimedTrial) -> Iterator[None]:
        """Let a trial wait if the tracking server does not answer at once: leases are renewed in between."""
        try:
            with prompt_answers(self.trials.store.uri):
                yield
        except (StoreUnreachable, StillTraining) as error:
            self._let_wait(claimed, str(error))
            raise_if_interrupted()  # of a signal that was deferred in the block, which its error has ended

    @signals_deferred()
    def _let_wait(self, claimed: ClaimedTrial, reason: str) -> None:
        """Put a trial back into the queue that could not be recorded, and begin none for a while."""
        self._close_run(claimed)
        self.study.end(claimed, TrialState.WAITING)
        del self.replicates[claimed]
        self.progress.waits(claimed, reason)
        self.pause.begin(reason)

    @signals_deferred()
    def _preempt(self, claimed: ClaimedTrial) -> None:
        """Leave a trial whose training a signal ended to whoever goes on from its checkpoint."""
        self._close_run(claimed)
        self._end(claimed, TrialState.WAITING)

    def _close_run(self, claimed: ClaimedTrial) -> None:
        """Close the run that holds the replicates of a trial, before another worker may open it again."""
        if self.settings.replicates > 1 and self.study.leases.holds(claimed.id):
            with suppress(InputError), prompt_answers(self.trials.store.uri):  # as the trial waits in any case
                self.trials.interrupt(claimed.number)

    @signals_deferred()
    def _prune(self, claimed: ClaimedTrial) -> None:
        if self.settings.replicates > 1 and self.study.leases.holds(claimed.id):
            self.trials.prune(claimed.number)
        self._end(claimed, TrialState.PRUNED)

    def _fail(self, claimed: ClaimedTrial, reason: str) -> None:
        replicate = next_replicate(self.settings, self.replicates[claimed])  # which has failed
        self.trials.fail(claimed.number, replicate, reason)
        self._end(claimed, TrialState.FAIL, reason=reason)

    @signals_deferred()
    def _end(self, claimed: ClaimedTrial, state: TrialState, values: Sequence[float] = (), reason: str = "") -> None:
        self.study.end(claimed, state, values, reason)
        del self.replicates[claimed]
        self.progress.ends(claimed, state, reason or (self.settings.shown(values) if values else ""))
