"""Writes are what a run is made of; each is a value that can be kept on disk, and applied to a store more than once.

A write that a store already has changes nothing when it is applied again, so a sender may repeat any of them.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, TypeAlias

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT
from pydantic import BaseModel, ConfigDict, Field, field_validator

from pipeline.tracking.champion import make_champion
from pipeline.tracking.file_path import FilePath
from pipeline.tracking.measurement import Measured, Milliseconds
from pipeline.tracking.run_model import model_of


class _Write(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, ser_json_inf_nan="constants")

    @property
    def files(self) -> Sequence[str]:
        """Paths of the files that belong to the write, relative to the folder with which it is applied."""
        return ()


class Batch(_Write):
    """Params, tags and metrics.

    Attributes:
        of_model: whether the metrics are of the model of the run, too.
    """

    kind: Literal["batch"] = "batch"
    params: Mapping[str, str] = {}
    tags: Mapping[str, str] = {}
    metrics: Sequence[Measured] = ()
    of_model: bool = False

    def apply(self, client: MlflowClient, run_id: str, folder: Path) -> None:
        """Record them in a run."""
        model_id = model_of(client, run_id) if self.of_model else None
        client.log_batch(
            run_id,
            metrics=[Metric(each.metric, each.value, each.time, each.step, model_id=model_id) for each in self.metrics],
            params=[Param(*each) for each in self.params.items()],
            tags=[RunTag(*each) for each in self.tags.items()],
            synchronous=True,
        )


class File(_Write):
    """A file among the artifacts of a run, in place of one of the same path.

    Attributes:
        replaces: whether files of this path that were written before, and not stored yet, need not be stored any more.
    """

    kind: Literal["file"] = "file"
    path: FilePath
    replaces: bool = False

    @property
    def files(self) -> tuple[str, ...]:
        return (self.path,)

    def apply(self, client: MlflowClient, run_id: str, folder: Path) -> None:
        """Store the file, which lies at its path below a folder, unless a later one has replaced it."""
        path = PurePosixPath(self.path)
        above = None if len(path.parts) == 1 else str(path.parent)
        try:
            _artifacts(client, run_id).log_artifact(str(folder / path), above)
        except FileNotFoundError:
            if not self.replaces or (folder / path).exists():
                raise


class Removal(_Write):
    """The removal of a folder with all its files from the artifacts of a run."""

    kind: Literal["removal"] = "removal"
    path: FilePath

    def apply(self, client: MlflowClient, run_id: str, folder: Path) -> None:
        """Remove the folder, if it is there."""
        if client.list_artifacts(run_id, self.path):
            _artifacts(client, run_id).delete_artifacts(self.path)


class Input(_Write):
    """A data set that a run reads, and the use that it makes of it.

    Attributes:
        facts: name, digest, source, schema and profile, as MLflow has them.
        context: the use, such as `train`.
    """

    kind: Literal["input"] = "input"
    facts: Mapping[str, str | None]
    context: str

    @field_validator("facts")
    @classmethod
    def _has_what_mlflow_needs(cls, facts: Mapping[str, str | None]) -> Mapping[str, str | None]:
        if not {"name", "digest", "source_type", "source"} <= facts.keys():
            raise ValueError("expected name, digest, source_type and source")
        return facts

    def apply(self, client: MlflowClient, run_id: str, folder: Path) -> None:
        """Record the data set."""
        tags = [InputTag(MLFLOW_DATASET_CONTEXT, self.context)]
        inputs = [DatasetInput(Dataset.from_dictionary(dict(self.facts)), tags)]
        try:
            client.log_inputs(run_id, inputs)
        except MlflowException:  # another process recorded the same at this instant, for the first time
            client.log_inputs(run_id, inputs)


class Model(_Write):
    """A model of a run, as MLflow keeps one: a folder of files with an `MLmodel` among them.

    Attributes:
        paths: the files of the folder.
    """

    kind: Literal["model"] = "model"
    paths: Sequence[FilePath]

    @property
    def files(self) -> Sequence[str]:
        return self.paths

    def apply(self, client: MlflowClient, run_id: str, folder: Path) -> None:
        """Store the model, unless the run has one already."""
        from pipeline.tracking.model.logged_model import log_model  # takes MLflow's models along

        if model_of(client, run_id) is None:
            log_model(client, client.get_run(run_id), folder, self.paths)


class Registration(_Write):
    """A name for the model of a run, which is the champion of that name from then on."""

    kind: Literal["registration"] = "registration"
    name: str
    description: str

    def apply(self, client: MlflowClient, run_id: str, folder: Path) -> None:
        """Register the model."""
        model_id = model_of(client, run_id)
        if model_id:
            make_champion(client, run_id, model_id, self.name, self.description)


class ExperimentTag(_Write):
    """A tag of the experiment of a run, such as a page that the UI shows of its children."""

    kind: Literal["experiment_tag"] = "experiment_tag"
    name: str
    value: str

    def apply(self, client: MlflowClient, run_id: str, folder: Path) -> None:
        """Set the tag."""
        client.set_experiment_tag(client.get_run(run_id).info.experiment_id, self.name, self.value)


class Status(_Write):
    """The state of a run, with the time of its end where it has ended."""

    kind: Literal["status"] = "status"
    status: Literal["RUNNING", "FINISHED", "FAILED", "KILLED"]
    ended: Milliseconds | None = None

    def apply(self, client: MlflowClient, run_id: str, folder: Path) -> None:
        """Set the state of a run."""
        if self.status == "RUNNING":
            client.update_run(run_id, self.status)
        else:
            client.set_terminated(run_id, self.status, self.ended)


Write: TypeAlias = Annotated[
    Batch | File | Removal | Input | Model | Registration | ExperimentTag | Status, Field(discriminator="kind")
]
"""Something that is written into a run."""


@lru_cache(maxsize=16)
def _artifacts(client: MlflowClient, run_id: str) -> ArtifactRepository:
    """The artifacts of a run in the store of a client; MLflow's client takes those of any store for the same."""
    return get_artifact_repository(client.get_run(run_id).info.artifact_uri, client.tracking_uri)
