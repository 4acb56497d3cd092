"""The runs of a study's trials, found by what they are tagged with."""

import time

from mlflow.entities import Run as MlflowRun

from pipeline.errors import InputError
from pipeline.tracking.lifecycle import PRUNED
from pipeline.tracking.owner import is_alive
from pipeline.tracking.run import NOTE
from pipeline.tracking.store import PARENT, Store

STUDY, TRIAL = "study", "trial"


class Trials:
    """The runs below a study's run.

    Args:
        store: that has them.
        study: its name.
        parent_id: of its run.
    """

    def __init__(self, store: Store, study: str, parent_id: str) -> None:
        self.store, self.study, self.parent_id = store, study, parent_id
        self._experiment = store.run(parent_id).info.experiment_id

    def tags(self, number: int) -> dict[str, str]:
        """What the run of a trial is found by."""
        return {STUDY: self.study, TRIAL: str(number)}

    def run_of(self, number: int, patience: float = 60) -> MlflowRun | None:
        """The run of a trial, once nobody works on it any longer; None if it has none yet.

        Args:
            number: of the trial.
            patience: seconds in which a process that lost its worker must have ended.

        Raises:
            InputError: it has not.
        """
        deadline = time.monotonic() + patience
        where = " AND ".join(
            f"tags.`{name}` = '{value}'" for name, value in (*self.tags(number).items(), (PARENT, self.parent_id))
        )
        while True:
            found = self.store.client.search_runs([self._experiment], where, max_results=1)
            if not found or found[0].info.status != "RUNNING" or not is_alive(found[0].data.tags):
                return found[0] if found else None
            if time.monotonic() > deadline:
                raise InputError(
                    f"trial {number}: process {found[0].data.tags['pid']} still trains it. End it, then go on"
                )
            time.sleep(0.2)

    def fail(self, number: int, reason: str) -> None:
        """Say in a trial's run why it failed."""
        run = self.run_of(number)
        if run and run.info.status != "FAILED":
            self.store.client.set_tag(run.info.run_id, NOTE, f"**Failed:** {reason}")
            self.store.client.set_terminated(run.info.run_id, "FAILED")


def was_pruned(run: MlflowRun) -> bool:
    """Whether a study ended it early."""
    return PRUNED in run.data.tags
