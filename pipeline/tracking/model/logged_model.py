"""A saved model as the model of a run."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow.entities import LoggedModel, LoggedModelOutput, LoggedModelStatus, Run
from mlflow.models import Model
from mlflow.models.model import MLMODEL_FILE_NAME
from mlflow.tracking import MlflowClient


def log_model(client: MlflowClient, run: Run, folder: Path, paths: Sequence[str]) -> None:
    """Store a model as `model` of a run.

    It becomes the model of the run last, when it is complete; what an earlier call that was cut off has begun is used.

    Args:
        client: of the store.
        run: that the model belongs to.
        folder: in which the model was saved.
        paths: of its files, relative to the folder.
    """
    made = _begun(client, run) or client.create_logged_model(
        run.info.experiment_id, name="model", source_run_id=run.info.run_id, params=run.data.params
    )
    with TemporaryDirectory() as copied:
        for path in paths:
            (Path(copied) / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / path, Path(copied) / path)
        _name(Path(copied) / MLMODEL_FILE_NAME, made, run.info.run_id)
        client.log_model_artifacts(made.model_id, copied)
    client.finalize_logged_model(made.model_id, LoggedModelStatus.READY)
    client.log_outputs(run.info.run_id, [LoggedModelOutput(made.model_id, step=0)])


def _begun(client: MlflowClient, run: Run) -> LoggedModel | None:
    own = f"source_run_id = '{run.info.run_id}'"
    return next(iter(client.search_logged_models([run.info.experiment_id], own, max_results=1)), None)


def _name(file: Path, made: LoggedModel, run_id: str) -> None:
    """Write the names that a store gave to a model and its run into the model's own file."""
    model = Model.load(str(file))
    model.artifact_path = made.artifact_location
    model.model_uuid = model.model_id = made.model_id
    model.run_id = run_id
    model.save(str(file))
