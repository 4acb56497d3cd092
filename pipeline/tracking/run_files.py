"""What a run has stored as files: its model, and texts."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow
from mlflow.exceptions import MlflowException

from pipeline.errors import InputError
from pipeline.text.wording import first_line
from pipeline.tracking.run_model import model_of
from pipeline.tracking.store import Store
from pipeline.tracking.tags import PRUNED, REUSED


def trained_model(store: Store, run_id: str) -> Any:
    """The Keras model of a run by id or name, or of the one that it took over; none of its own code is executed.

    Raises:
        InputError: the run has none, or it cannot be read.
    """
    from pipeline.tracking.model.stored import fetched_model  # takes TensorFlow along, which the UI does not need

    run = store.run(run_id)
    if PRUNED in run.data.tags:
        raise InputError(f"run {run_id} was ended early by its study and has no model. Train its point anew")
    trained = store.run(run.data.tags[REUSED]) if REUSED in run.data.tags else run
    with store.transaction():
        model_id = model_of(store.client, trained.info.run_id)
    if model_id is None:
        raise InputError(f"run {run_id} has no model: was its training finished?")
    try:
        # By the run's id instead of its own, MLflow would look through all models of the experiment.
        return fetched_model(f"models:/{model_id}")
    except (MlflowException, OSError, ValueError, TypeError) as error:
        raise InputError(
            f"run {run_id} has no model that can be read ({first_line(error)}): was its training finished?"
        ) from error


def artifact_text(store: Store, run_id: str, name: str) -> str:
    """A text file that a run stored at its artifact root.

    Raises:
        InputError: the run has none of this name.
    """
    home = store.run(run_id).info.artifact_uri
    try:
        return str(mlflow.artifacts.load_text(f"{home}/{name}"))
    except (MlflowException, OSError) as error:
        raise InputError(
            f"run {run_id} has no {name} in {home} ({first_line(error)}). Was it made by pipeline.train, and are "
            "its files still there?"
        ) from error


def artifact_bytes(store: Store, run_id: str, name: str) -> bytes | None:
    """The content of a file that a run stored at its artifact root; None if it has none of this name.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with store.transaction(), TemporaryDirectory() as folder:
            if name not in {each.path for each in store.client.list_artifacts(run_id)}:
                return None
            return Path(store.client.download_artifacts(run_id, name, folder)).read_bytes()
    except (MlflowException, OSError) as error:
        raise InputError(
            f"{name} of run {run_id} cannot be read ({first_line(error)}). Are the files of the run still there?"
        ) from error
