"""Writes are what a run is made of; each is a value that can be kept on disk, and applied to a store more than once.

A write that a store already has changes nothing when it is applied again, so a sender may repeat any of them.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, TypeAlias

from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelStatus, Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter


def _below(path: str) -> str:
    """Check that a path leads to a file below the folder that it is relative to, on every system."""
    parts = PurePosixPath(path).parts
    if not parts or str(PurePosixPath(path)) != path or path.startswith("/") or set(path) & set('\\:\0"<>|?*'):
        raise ValueError("expected a relative path with single slashes")
    if ".." in parts:
        raise ValueError("expected a path without ..")
    return path


FilePath = Annotated[str, AfterValidator(_below), Field(max_length=500)]
"""The path of a file below the artifact root of a run, or below the folder of its model, with slashes."""
Milliseconds = Annotated[int, Field(ge=0)]
"""Time since 1970, as MLflow counts it."""


class _Write(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, ser_json_inf_nan="constants")

    @property
    def files(self) -> Sequence[str]:
        """Paths of the files that belong to the write, relative to the folder with which it is applied."""
        return ()


class Measured(BaseModel):
    """A value of a metric at a step and a time."""

    model_config = _Write.model_config

    metric: str
    value: float
    time: Milliseconds
    step: int


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
    """A file among the artifacts of a run, in place of one of the same path."""

    kind: Literal["file"] = "file"
    path: FilePath

    @property
    def files(self) -> tuple[str, ...]:
        return (self.path,)

    def apply(self, client: MlflowClient, run_id: str, folder: Path) -> None:
        """Store the file, which lies at its path below a folder."""
        path = PurePosixPath(self.path)
        client.log_artifact(run_id, str(folder / path), None if len(path.parts) == 1 else str(path.parent))


class Input(_Write):
    """A data set that a run reads, and the use that it makes of it.

    Attributes:
        facts: name, digest, source, schema and profile, as MLflow has them.
        context: the use, such as `train`.
    """

    kind: Literal["input"] = "input"
    facts: Mapping[str, str | None]
    context: str

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


Write: TypeAlias = Annotated[Batch | File | Input | Model | Status, Field(discriminator="kind")]
"""Something that is written into a run."""
WRITE: TypeAdapter[Write] = TypeAdapter(Write)
"""Reads writes from JSON, and checks them."""


def measured(metrics: Mapping[str, float], step: int) -> list[Measured]:
    """Return numbers as metrics at a step, measured now."""
    now = milliseconds()
    return [Measured(metric=name, value=float(value), time=now, step=step) for name, value in metrics.items()]


def milliseconds() -> int:
    """The time now, as MLflow counts it."""
    return int(time.time() * 1000)


def files_below(folder: Path) -> list[str]:
    """Return the paths of all files below a folder, relative to it."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def model_of(client: MlflowClient, run_id: str) -> str | None:
    """The id of the model of a run; None if it has none, or none that was stored to its end."""
    outputs = client.get_run(run_id).outputs
    stored = (client.get_logged_model(each.model_id) for each in (outputs.model_outputs if outputs else ()))
    return next((str(each.model_id) for each in stored if each.status == LoggedModelStatus.READY), None)
