"""The runs of a study's trials, found by what they are tagged with."""

import time
from collections.abc import Mapping

from mlflow.entities import Run as MlflowRun
from mlflow.exceptions import MlflowException

from pipeline.errors import InputError, StoreUnreachable
from pipeline.text.markdown import paragraphs
from pipeline.text.wording import first_line
from pipeline.tracking.colour import COLOUR, colour
from pipeline.tracking.description import ended_early, pruned_tags, shown
from pipeline.tracking.measurement import measured, milliseconds
from pipeline.tracking.owner import STUDY_AGAIN, end_as_killed, is_alive, is_visible, owner_tags
from pipeline.tracking.store import Store
from pipeline.tracking.tags import NOTE, PARENT, PRUNED, STUDY
from pipeline.tracking.writes import Batch, Status

TRIAL = "trial"
REPLICATE = "replicate"


class StillTraining(InputError):  # noqa: N818 — an error by its parent's name
    """Says that a process which has lost its worker still trains a trial; whoever has claimed the trial must wait."""


class Trials:
    """The runs below a study's run.

    Args:
        store: that has them.
        study: its name.
        parent_id: of its run.
    """

    def __init__(self, store: Store, study: str, parent_id: str) -> None:
        self.store = store
        self.study = study
        self.parent_id = parent_id

    def tags(self, number: int, replicate: int | None = None) -> dict[str, str]:
        """Return the tags by which the run of a trial, or of one of its replicates, is found."""
        return {
            STUDY: self.study,
            **({TRIAL: str(number)} if replicate is None else {REPLICATE: f"{number}.{replicate}"}),
        }

    def run_of(
        self, number: int, replicate: int | None = None, *, patience: float = 60, may_be_elsewhere: bool = False
    ) -> MlflowRun | None:
        """The run of a trial that this process works on, once no other does; None if the trial has no run yet.

        The lease of a trial says who works on it. A run that another machine has left open is closed: the machine is
        gone, or hears that it has lost the trial.

        Args:
            number: of the trial.
            replicate: of the trial, from 0; None for the trial as a whole.
            patience: seconds in which a process of this machine that lost its worker must have ended.
            may_be_elsewhere: whether another machine may have begun the trial, of which only the server knows.

        Raises:
            StillTraining: the process has not ended.
            StoreUnreachable: the server is silent, and this machine has not begun the trial.
        """
        deadline = time.monotonic() + patience
        while (run := self._found(number, replicate)) and run.info.status == "RUNNING" and is_alive(run.data.tags):
            if not is_visible(run.data.tags):
                end_as_killed(self.store, run.info.run_id)
                continue
            if time.monotonic() > deadline:
                raise StillTraining(
                    f"trial {number}: process {run.data.tags['pid']} still trains it. End it, then go on"
                )
            time.sleep(0.2)
        if run is None and may_be_elsewhere and self.store.silence:
            raise StoreUnreachable(self.store.silence)
        return run

    def trained(self, number: int, replicates: int) -> MlflowRun | None:
        """The run that holds a trial's model, of several replicates the first."""
        return self.run_of(number, 0 if replicates > 1 else None)

    def opened(self, number: int, name: str) -> str:
        """The id of the run that a trial's replicates are children of, made if there is none."""
        run = self._found(number)
        tags = {**owner_tags(), **self.tags(number), PARENT: self.parent_id, COLOUR: colour(number)}
        if run is None:
            experiment_id = self.store.run(self.parent_id).info.experiment_id
            return self.store.begin(self.store.client.get_experiment(experiment_id).name, name, tags)
        self.store.write(run.info.run_id, Batch(tags=owner_tags() | _still_shown(run)), Status(status="RUNNING"))
        return str(run.info.run_id)

    def close(self, number: int, metrics: Mapping[str, float]) -> None:
        """End the run of a trial whose replicates are done, with what they came to."""
        run = self._found(number)
        assert run
        finished = Status(status="FINISHED", ended=milliseconds())
        self.store.write(run.info.run_id, Batch(metrics=measured(metrics, 0), tags=_still_shown(run)), finished)

    def prune(self, number: int) -> None:
        """End the run of a trial one of whose replicates was pruned, as that of a pruned training ends."""
        if run := self._found(number):
            tags = pruned_tags("other trials of the study promised more")
            self.store.write(run.info.run_id, Batch(tags=tags), Status(status="FINISHED", ended=milliseconds()))

    def interrupt(self, number: int) -> None:
        """Close the run of a trial one of whose replicates was interrupted; `opened` opens it again.

        Raises:
            InputError: the store cannot be read or written.
        """
        try:
            run = self._found(number)
            if run and run.info.status != "FINISHED":
                how = f"**Killed:** a training was interrupted. Go on with {STUDY_AGAIN}"
                note = Batch(tags={NOTE: ended_early(how, run.data.tags)})
                self.store.write(run.info.run_id, note, Status(status="KILLED", ended=milliseconds()))
        except MlflowException as error:
            raise StoreUnreachable(first_line(error)) from error

    def fail(self, number: int, replicate: int | None, reason: str) -> None:
        """Close the run of a trial, and of the replicate that failed, as failed, with the reason."""
        runs = [self.run_of(number, replicate), *([self._found(number)] if replicate is not None else [])]
        for run in runs:
            if run and run.info.status != "FAILED":
                note = Batch(tags={NOTE: f"**Failed:** {paragraphs(reason)}"})
                self.store.write(run.info.run_id, note, Status(status="FAILED", ended=milliseconds()))

    def _found(self, number: int, replicate: int | None = None) -> MlflowRun | None:
        parent_id = self.parent_id
        if replicate is not None:
            whole = self._found(number)
            if whole is None:
                return None
            parent_id = whole.info.run_id
        # By what is read now: a server and the replica that is read in its place have ids of their own.
        parent = self.store.run(parent_id).info
        tags = self.tags(number, replicate) | {PARENT: parent.run_id}  # another study may have had the same name
        where = " AND ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
        found = self.store.client.search_runs([parent.experiment_id], where, max_results=1)
        return found[0] if found else None


def trial_number(tags: Mapping[str, str]) -> int | None:
    """The number of the trial that a run with these tags is of, also as one of its replicates; None for other runs."""
    number = tags.get(TRIAL) or tags.get(REPLICATE, "").partition(".")[0]
    return int(number) if number.isdecimal() else None


def was_pruned(run: MlflowRun) -> bool:
    """Whether a study ended the training of a run early."""
    return PRUNED in run.data.tags


def _still_shown(run: MlflowRun) -> dict[str, str]:
    """The tag with the description of a run without how it ended before; none where it has no description."""
    return {NOTE: shown(run.data.tags)} if NOTE in run.data.tags else {}
