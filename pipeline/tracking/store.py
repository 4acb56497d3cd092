"""Where runs are kept: a database file in `mlruns/`, or the server that the user names."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TypeAlias, cast

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from pipeline.address import Address
from pipeline.errors import InputError, NoSuchRun, StoreUnreachable
from pipeline.places import ui_command
from pipeline.process.interruption import signals_deferred
from pipeline.text.wording import first_line
from pipeline.tracking.experiment import experiment_of
from pipeline.tracking.first_contact import Offline, close_abandoned, ready, write_behind
from pipeline.tracking.measurement import milliseconds
from pipeline.tracking.patient_client import PatientClient
from pipeline.tracking.relocation import relocate
from pipeline.tracking.search import found_runs
from pipeline.tracking.server_check import silence_told
from pipeline.tracking.store_address import DATABASE, is_server, sync_command
from pipeline.tracking.tags import BEGUN_AS, PARENT
from pipeline.tracking.transaction import whole
from pipeline.tracking.writes import Batch, Write

log = logging.getLogger(__name__)

MlflowRun: TypeAlias = mlflow.entities.Run
"""What MLflow knows of a run."""
WHOLE = 32
"""Characters of a run's id."""


class Store:
    """An open database or server. Opening it also closes runs that a power cut left running.

    Args:
        uri: null is the file in `mlruns/`.
        offline: whether a server that does not answer is done without.
    """

    def __init__(self, uri: str | None = None, offline: Offline = "never") -> None:
        self.uri = Address(uri or DATABASE)
        # A process that helps another to record a run that it has begun already cannot refuse to.
        self.offline_of_helpers: Offline = "always" if offline == "always" else "auto"
        self.behind = write_behind(self.uri, offline) if self.is_server else None
        with ready(self.uri) if self.behind is None else nullcontext():
            mlflow.set_tracking_uri(self.uri.full)
            self.client = self.behind.client if self.behind else cast(MlflowClient, PatientClient(self.uri))
            close_abandoned(self)  # whose first request makes the tables of a new database
            relocate(self.uri)

    @property
    def is_server(self) -> bool:
        """Whether the store is reached over the network, rather than being a database that we open ourselves."""
        return is_server(self.uri)

    @property
    def silence(self) -> str | None:
        """Why runs are read from what this machine has recorded; None where their store is read."""
        return self.behind.silence if self.behind and self.behind.is_silent else None

    @property
    def experiments(self) -> list[str]:
        """The ids of all experiments."""
        return [str(experiment.experiment_id) for experiment in self.client.search_experiments()]

    def transaction(self) -> AbstractContextManager[None]:
        """A block that no signal cuts in two where we open the database: it would stay locked, and its run open.

        Ctrl-C must not wait for a server that no longer answers.
        """
        return nullcontext() if self.is_server else signals_deferred()

    @whole
    def run(self, name: str | int) -> MlflowRun:
        """The record of a run by its id, by what only its id begins with, or by the model that came of it.

        Raises:
            InputError: there is none, it was deleted, or several begin so; `StoreUnreachable` if no answer came.
        """
        try:
            with silence_told(self.uri):
                run: MlflowRun = self.client.get_run(self._id_of(str(name)))  # Hydra makes a number of digits
        except MlflowException as error:
            if self.behind and (begun := self.behind.run_begun_as(str(name))):
                return begun
            if self.silence:
                raise StoreUnreachable(f"{self.silence}. Run {name} is not recorded on this machine") from error
            raise NoSuchRun(
                f"run {name} is not in {self.uri}: {first_line(error)}. Expected the id of a run, as {ui_command()} "
                "shows it, the beginning of one, or <study>@champion. Where a server has it, set tracking.uri"
            ) from error
        if run.info.lifecycle_stage == "deleted":
            cure = "Restore it in the MLflow UI, among the runs of the state Deleted, or name another"
            raise InputError(f"run {name} was deleted from {self.uri}. {cure}")
        return run

    @whole
    def write(self, run_id: str, *writes: Write, folder: Path = Path()) -> None:
        """Write into a run, whatever its state; `folder` has the files that belong to the writes."""
        if self.behind:
            self.behind.write(run_id, *writes, folder=folder)
        for each in [] if self.behind else writes:
            each.apply(self.client, run_id, folder)

    def settle(self, run_id: str) -> None:
        """Wait for a server that takes what was written into a run and its children; if it does not, say what to do."""
        if self.behind and (reason := self.behind.left(run_id)):
            log.warning(
                f"Run {run_id} is recorded on this machine, and not all of it on the server ({reason}). "
                f"Send the rest when that is cured: {sync_command(self.uri)}"
            )

    def keep(self, run_id: str) -> None:
        """Have what is written into a run, and what it is now, on this machine until its server has all of it."""
        if self.behind:
            self.behind.outbox(run_id)

    def id_of(self, run_id: str) -> str:
        """The id by which a run is found in what is read: one that was begun offline has another once it is sent."""
        return self.behind.id_of(run_id) if self.behind else run_id

    def place_of(self, run_id: str) -> tuple[str, str] | None:
        """The ids of the experiment and of a run by which the UI has them; None while its server has no such run."""
        return self.behind.place_of(run_id) if self.behind else (self.run(run_id).info.experiment_id, run_id)

    def id_here(self, run: MlflowRun) -> str:
        """The id of a run on this machine, by which its checkpoint and its outbox are named."""
        begun_as = str(run.data.tags.get(BEGUN_AS, run.info.run_id))
        return begun_as if self.behind and self.behind.has(begun_as) else str(run.info.run_id)

    @whole
    def begin(self, experiment: str, name: str, tags: Mapping[str, str]) -> str:
        """Begin a run in the experiment of this name; gives the id of the run."""
        experiment_id = self.experiment(experiment)
        if self.behind:
            return self.behind.begin(experiment, name, tags)
        # By the client: what MLflow calls the active run may be one that an environment variable names.
        return str(self.client.create_run(experiment_id, milliseconds(), dict(tags), name).info.run_id)

    @whole
    def set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set tags of a run, whatever its state."""
        self.write(run_id, Batch(tags={name: str(tag) for name, tag in tags.items()}))

    def _id_of(self, name: str) -> str:
        model, at, alias = name.partition("@")  # <study>@champion
        if at:
            return str(self.client.get_model_version_by_alias(model, alias).run_id)
        if len(name) == WHOLE or not name.isalnum():
            return name
        found = self.client.search_runs(self.experiments, f"attributes.run_id LIKE '{name}%'", max_results=2)
        if len(found) > 1:
            raise InputError(f"run {name}: several ids begin with this. Type more characters")
        return found[0].info.run_id if found else name

    @whole
    def children(self, run_id: str) -> list[MlflowRun]:
        """The runs of a parent run, in the order in which they began."""
        parent = self.run(run_id).info
        return self.search([parent.experiment_id], f"tags.`{PARENT}` = '{parent.run_id}'")[::-1]

    @whole
    def search(self, experiment_ids: Sequence[str], where: str = "") -> list[MlflowRun]:
        """All runs of experiments that pass a filter, latest first, however many.

        Raises:
            InputError: the filter is not in MLflow's language, or the store refuses the search.
        """
        return found_runs(self.client, self.uri, experiment_ids, where)

    @whole
    def experiment(self, name: str) -> str:
        """The id of the experiment of this name, made if there is none.

        Raises:
            InputError: it was deleted.
        """
        known = experiment_of(self.client, name)
        if known.lifecycle_stage == "deleted":
            cure = "Restore it in the MLflow UI, or choose another name"
            raise InputError(f"tracking.experiment={name}: this experiment was deleted. {cure}")
        return str(known.experiment_id)
