"""A Keras model, saved as MLflow keeps models."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import mlflow.keras
from mlflow.models import Model
from mlflow.models.model import MLMODEL_FILE_NAME

from pipeline.models.vae import VAE
from pipeline.tracking.mlflow_internals import packages_as_named, save_example
from pipeline.tracking.model import served


def save_keras_model(folder: Path, model: VAE, example: Mapping[str, Any]) -> None:
    """Save a model as MLflow keeps models, with its MLflow signature and an example.

    Args:
        folder: where it is saved; made if there is none.
        model: that is saved.
        example: the inputs of a request, such as `images`, float32 [N, H, W, C].
    """
    requirements = [f"keras=={keras.__version__}", keras.backend.backend()]
    folder.mkdir(parents=True, exist_ok=True)  # MLflow's Keras flavor forgets to (its issue 16183)
    with _quiet(), packages_as_named():
        saved = Model()
        mlflow.keras.save_model(model, path=str(folder), mlflow_model=saved, pip_requirements=requirements)
        saved.signature = served.signature(conditional=model.conditional)  # MLflow's own knows images only
        saved.flavors["python_function"]["loader_module"] = served.__name__
        save_example(saved, dict(example), str(folder))
        saved.save(str(folder / MLMODEL_FILE_NAME))


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence MLflow's warning that it cannot know the versions of packages, which we have just told it."""
    logger = logging.getLogger("mlflow")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
