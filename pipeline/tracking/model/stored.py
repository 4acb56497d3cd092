"""A stored model, read back without running any code that it might carry."""

from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import mlflow.artifacts

import pipeline.models.vae  # noqa: F401 — Keras finds our classes by name


def stored_model(folder: Path) -> keras.Model:
    """Load the model in a folder that MLflow wrote.

    Raises:
        OSError, TypeError, ValueError: there is none, or it cannot be read without running code of its own.
    """
    return keras.saving.load_model(folder / "data" / "model.keras", safe_mode=True)


def fetched_model(address: str) -> keras.Model:
    """Load the model at an address of MLflow's, such as `models:/<id>`.

    Raises:
        MlflowException: it cannot be had.
        OSError, TypeError, ValueError: it cannot be read without running code of its own.
    """
    with TemporaryDirectory() as folder:  # else MLflow makes one and leaves it
        return stored_model(Path(mlflow.artifacts.download_artifacts(address, dst_path=folder)))
