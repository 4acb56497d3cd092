"""A Keras model as an MLflow model of the run at hand."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import mlflow.keras
import numpy as np
from mlflow.entities import Run
from mlflow.models import Model
from mlflow.tracking import MlflowClient

from pipeline.tracking.mlflow_internals import packages_as_named, save_example
from pipeline.tracking.model import served


def log_keras_model(client: MlflowClient, run: Run, model: keras.Model, example: np.ndarray) -> None:
    """Store the model as `model` of a run, with its MLflow signature and example images, float32 [N, H, W, C]."""
    requirements = [f"keras=={keras.__version__}", keras.backend.backend()]
    info = run.info
    made = client.create_logged_model(
        info.experiment_id, name="model", source_run_id=info.run_id, params=run.data.params
    )
    with _quiet(), packages_as_named():
        Model.log(
            artifact_path=None,
            name="model",
            model_id=made.model_id,
            run_id=info.run_id,
            flavor=KerasFlavor,
            model=model,
            signature=served.signature(),
            input_example={"images": example},
            pip_requirements=requirements,
            validate_serving_input=False,  # a second in which the model that was just written is read again
        )


class KerasFlavor:
    """Extends MLflow's Keras flavor by our own answers, in the folder that MLflow forgets to make (its issue 16183)."""

    @staticmethod
    def save_model(path: str, *, mlflow_model: Model, input_example: Any, signature: Any, **settings: Any) -> None:
        """Write the model into a folder."""
        Path(path).mkdir(parents=True, exist_ok=True)
        del settings["validate_serving_input"]  # is for MLflow, which hands all on
        mlflow.keras.save_model(path=path, mlflow_model=mlflow_model, **settings)
        mlflow_model.signature = signature  # MLflow's own knows images only
        mlflow_model.flavors["python_function"]["loader_module"] = served.__name__
        save_example(mlflow_model, input_example, path)
        mlflow_model.save(str(Path(path) / "MLmodel"))


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
