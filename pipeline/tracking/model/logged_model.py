"""A saved model as the model of a run, unless it would have MLflow execute code that is not of this project."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow.entities import LoggedModel, LoggedModelOutput, LoggedModelStatus, Run
from mlflow.models import Model
from mlflow.models.model import MLMODEL_FILE_NAME
from mlflow.tracking import MlflowClient

from pipeline.errors import InputError
from pipeline.text.wording import first_line

LOADERS = ("pipeline.tracking.model.served", "pipeline.tracking.served")
"""Modules by which MLflow loads our models, today and before."""
LARGEST = 1_000_000
"""Bytes of the file in which MLflow describes a model: ours have some kilobytes."""


def check_model(folder: Path, paths: Sequence[str]) -> None:
    """Check that a saved model names no foreign module for MLflow to import, and brings no code along.

    Args:
        folder: in which the model was saved.
        paths: of its files, relative to the folder.

    Raises:
        InputError: it does, or its description cannot be read.
    """
    file = folder / MLMODEL_FILE_NAME
    if MLMODEL_FILE_NAME not in paths or file.stat().st_size > LARGEST:
        raise InputError(f"A model lacks its file {MLMODEL_FILE_NAME}, or the file is too large to be one")
    try:
        flavors = dict(Model.load(str(file)).flavors)
        loader = flavors.pop("python_function")
        keras = flavors.pop("keras", {})
        named = [loader["loader_module"], keras.get("keras_module", "keras"), *flavors]
        brings_code = "code" in loader or "code" in keras
    except Exception as error:  # of the parser, or of whoever reads what it parsed
        raise InputError(f"The file {MLMODEL_FILE_NAME} of a model is damaged ({first_line(error)})") from error
    foreign = [str(each) for each in named if each not in ("keras", *LOADERS)]
    if foreign or brings_code:
        what = f"names {', '.join(foreign)}, which is" if foreign else "brings code along, which is"
        raise InputError(f"The file {MLMODEL_FILE_NAME} of a model {what} not of this project: refused")


def log_model(client: MlflowClient, run: Run, folder: Path, paths: Sequence[str]) -> None:
    """Store a model as `model` of a run.

    It becomes the model of the run last, when it is complete; what an earlier call that was cut off has begun is used.

    Args:
        client: of the store.
        run: that the model belongs to.
        folder: in which the model was saved.
        paths: of its files, relative to the folder.

    Raises:
        InputError: it would have MLflow execute foreign code.
    """
    check_model(folder, paths)
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
