"""A Keras model as an MLflow model of the run at hand."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import mlflow.keras
import numpy as np
from mlflow.models import Model, infer_signature


def log_keras_model(model: keras.Model, example: np.ndarray) -> None:
    """Store the model as `model`, with the signature that `predict` has on these images and the images as example."""
    # Not `predict`, which would be compiled for this one call.
    signature = infer_signature(example, keras.ops.convert_to_numpy(model.predict_step(example)))
    requirements = [f"keras=={keras.__version__}", keras.backend.backend()]
    with _quiet():
        Model.log(
            artifact_path=None,
            name="model",
            flavor=KerasFlavor,
            model=model,
            signature=signature,
            input_example=example,
            pip_requirements=requirements,
            validate_serving_input=False,  # a second in which the model that was just written is read again
        )


class KerasFlavor:
    """MLflow's Keras flavor, and the folder that it forgets to make before it writes the example (its issue 16183)."""

    @staticmethod
    def save_model(path: str, *, validate_serving_input: bool, **settings: Any) -> None:
        """Write the model into a folder; the flag is for MLflow, which hands all on."""
        Path(path).mkdir(parents=True, exist_ok=True)
        mlflow.keras.save_model(path=path, **settings)


@contextmanager
def _quiet() -> Iterator[None]:
    """MLflow warns that it cannot know the versions of packages that we have just told it."""
    logger = logging.getLogger("mlflow")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
