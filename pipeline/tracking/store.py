"""Where runs are kept: a database file in `mlruns/`, or the server that the user names."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, TypeAlias

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from pipeline.address import Address
from pipeline.errors import InputError
from pipeline.metric_names import names_of
from pipeline.process.interruption import signals_deferred
from pipeline.text.wording import first_line
from pipeline.tracking.database import artifacts_beside
from pipeline.tracking.first_contact import close_abandoned, ready
from pipeline.tracking.relocation import relocate
from pipeline.tracking.server_check import silence_told
from pipeline.tracking.store_address import DATABASE, is_server
from pipeline.tracking.tags import PARENT, PRUNED, REUSED, TRAINING_KEY
from pipeline.tracking.transaction import found_or_made, whole
from pipeline.tracking.writes import Batch, Write, model_of

MlflowRun: TypeAlias = mlflow.entities.Run
"""What MLflow knows of a run."""
WHOLE = 32
"""Characters of a run's id."""


class Store:
    """An open database or server. Opening it also closes runs that a power cut left running.

    Args:
        uri: null is the file in `mlruns/`.
    """

    def __init__(self, uri: str | None = None) -> None:
        self.uri = Address(uri or DATABASE)
        with ready(self.uri):
            mlflow.set_tracking_uri(self.uri.full)
            self.client = MlflowClient(self.uri.full)
            close_abandoned(self.client, self.uri)  # whose first request makes the tables of a new database
            relocate(self.uri)

    @property
    def is_server(self) -> bool:
        """Whether the store is reached over the network, rather than being a database that we open ourselves."""
        return is_server(self.uri)

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
            raise InputError(
                f"run {name} is not in {self.uri}: {first_line(error)}. Expected the id of a run, as make "
                "ui shows it, the beginning of one, or <study>@champion"
            ) from error
        if run.info.lifecycle_stage == "deleted":
            cure = "Restore it in the MLflow UI, among the runs of the state Deleted, or name another"
            raise InputError(f"run {name} was deleted from {self.uri}. {cure}")
        return run

    @whole
    def write(self, run_id: str, *writes: Write, folder: Path = Path()) -> None:
        """Write into a run, whatever its state; `folder` has the files that belong to the writes."""
        for each in writes:
            each.apply(self.client, run_id, folder)

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
            InputError: the filter is not in MLflow's language.
        """
        runs: list[MlflowRun] = []
        token = None
        while token != "":
            try:
                page = self.client.search_runs(
                    list(experiment_ids), where, order_by=["attributes.start_time DESC"], page_token=token
                )
            except MlflowException as error:
                raise InputError(
                    f"filter={where}: {error.message} Expected for example: metrics.`test/nll` < 110"
                ) from error
            runs += page
            token = page.token or ""
        return runs

    @whole
    def curve(self, run_id: str, metric: str) -> list[tuple[int, float]]:
        """Steps and values of a metric, recorded under its name of today or of before; empty if the run has none."""
        points = [point for name in names_of(metric) for point in self.client.get_metric_history(run_id, name)]
        return sorted((point.step, point.value) for point in points)

    @whole
    def trained(self, key: str) -> str | None:
        """The id of the finished run that has this training key; None if there is none."""
        found = self.client.search_runs(self.experiments, f"status = 'FINISHED' AND tags.{TRAINING_KEY} = '{key}'")
        return next((run.info.run_id for run in found if not {PRUNED, REUSED} & set(run.data.tags)), None)

    @whole
    def model(self, run_id: str) -> Any:
        """The Keras model of a run by id or name, or of the one that it took over; none of its own code is executed.

        Raises:
            InputError: the run has none, or it cannot be read.
        """
        from pipeline.tracking.model.stored import fetched_model  # takes TensorFlow along, which the UI does not need

        run = self.run(run_id)
        if PRUNED in run.data.tags:
            raise InputError(f"run {run_id} was ended early by its study and has no model. Train its point anew")
        trained = self.run(run.data.tags[REUSED]) if REUSED in run.data.tags else run
        model_id = self.model_id(trained.info.run_id)
        if model_id is None:
            raise InputError(f"run {run_id} has no model: was its training finished?")
        try:
            # By the run's id instead of its own, MLflow would look through all models of the experiment.
            return fetched_model(f"models:/{model_id}")
        except (MlflowException, OSError, ValueError, TypeError) as error:
            raise InputError(
                f"run {run_id} has no model that can be read ({first_line(error)}): was its training finished?"
            ) from error

    @whole
    def model_id(self, run_id: str) -> str | None:
        """The id of the model of a run; None if it has none, or none that was stored to its end."""
        return model_of(self.client, run_id)

    @whole
    def artifact_text(self, run_id: str, name: str) -> str:
        """A text file that a run stored at its artifact root.

        Raises:
            InputError: the run has none of this name.
        """
        home = self.run(run_id).info.artifact_uri
        try:
            return str(mlflow.artifacts.load_text(f"{home}/{name}"))
        except (MlflowException, OSError) as error:
            raise InputError(
                f"run {run_id} has no {name} in {home} ({first_line(error)}). Was it made by pipeline.train, and are "
                "its files still there?"
            ) from error

    @whole
    def experiment(self, name: str) -> str:
        """The id of the experiment of this name, made if there is none.

        Raises:
            InputError: it was deleted.
        """
        known = found_or_made(
            lambda: self.client.get_experiment_by_name(name),
            lambda: self.client.get_experiment(self.client.create_experiment(name, artifacts_beside(self.uri))),
        )
        if known.lifecycle_stage == "deleted":
            cure = "Restore it in the MLflow UI, or choose another name"
            raise InputError(f"tracking.experiment={name}: this experiment was deleted. {cure}")
        return str(known.experiment_id)
