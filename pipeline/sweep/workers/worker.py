"""A worker is what a launcher starts: it checks its node, trains trials until none is left, and reports the study."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra.types import HydraContext
from omegaconf import DictConfig

from pipeline.address import Address
from pipeline.config.composition import where_it_was_typed
from pipeline.process.interruption import listen
from pipeline.sweep.report import check_result, report
from pipeline.sweep.study.node import refusals_name_this_node, refuse_unwritable
from pipeline.sweep.study.plan import Plan
from pipeline.sweep.workers.messages import Job
from pipeline.sweep.workers.worker_loop import WorkerLoop
from pipeline.tracking.first_contact import Offline


@dataclass(frozen=True)
class Worker:
    """A worker is the task function that a launcher of Hydra starts; it can be sent to another process or machine.

    Attributes:
        plan: the plan of the study.
        hydra_context: what Hydra composes the configs of trials with.
        hydra_config: the config of the command with Hydra's own keys.
        folder: the folder of the study's jobs.
        parent_id: the id of the study's run.
        uri: the address of the tracking store.
        offline: whether it is connected to, see `Offline`.
        host: the name of the node where the command was typed.
        arguments: what was typed there, for the report.
    """

    plan: Plan
    hydra_context: HydraContext
    hydra_config: DictConfig
    folder: Path
    parent_id: str
    uri: Address
    offline: Offline
    host: str
    arguments: Sequence[str]

    def job(self, number: int, overrides: Sequence[str], run_id: str | None) -> Job:
        """Give the job that trains a trial of this number, with these overrides; see `Job`."""
        return Job(
            hydra_context=self.hydra_context,
            hydra_config=self.hydra_config,
            folder=self.folder,
            number=number,
            overrides=overrides,
            run_id=run_id,
        )

    def __call__(self, _: DictConfig) -> None:
        """Work until no trial is left, and write the study's report unless another worker has written it by then.

        Raises:
            RefusedNode: this node must not work on the study.
            Interrupted: a signal stopped the worker; its trials wait for whoever goes on.
        """
        listen()
        where_it_was_typed()
        sys.argv[1:] = self.arguments
        with refusals_name_this_node(self.host):
            refuse_unwritable(self.folder)
            loop = WorkerLoop(self)
        with loop.parent as parent:
            loop.train_until_none_is_left()
            parent.ensure_open(at_the_end=True)
            report(parent.run, loop.study)
            if parent.is_mine:
                check_result(loop.study)
