"""What a stored model answers when MLflow serves it: encode, decode, reconstruct and sample."""

from collections.abc import Callable, Mapping
from functools import cache, wraps
from pathlib import Path
from typing import Any

import keras
import numpy as np
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.pyfunc import PyFuncModel
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import AnyType, Array

from pipeline.errors import InputError
from pipeline.tracking.mlflow_internals import implementation
from pipeline.tracking.model.stored import stored_model
from pipeline.tracking.request import Request, RequestParams, numbers, read


def signature() -> ModelSignature:
    """The MLflow signature of all models: what a request may give and what is answered."""
    images = _nested(4)
    latents = _nested(2)
    usual = RequestParams()
    return ModelSignature(
        Schema([ColSpec(images, "images", required=False), ColSpec(latents, "latents", required=False)]),
        Schema(
            [
                ColSpec(images, "images", required=False),
                ColSpec(latents, "mean", required=False),
                ColSpec(latents, "log_variance", required=False),
                ColSpec(latents, "latents", required=False),
            ]
        ),
        ParamSchema(
            [
                ParamSpec("task", DataType.string, usual.task),
                ParamSpec("n", DataType.long, usual.n),
                ParamSpec("seed", DataType.long, usual.seed),
                ParamSpec("temperature", DataType.double, usual.temperature),
            ]
        ),
    )


class Served:
    """Answers requests to a model.

    Args:
        vae: the model.
    """

    def __init__(self, vae: keras.Model) -> None:
        self.vae = vae

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> dict[str, np.ndarray]:
        """Answer a request.

        Args:
            model_input: `images` [N, H, W, C] with pixels in [0, 1], or `latents` [N, D], or neither; by name, or in a
                table, whose records are answered one after the other.
            params: `task` is `encode`, `reconstruct`, `decode` or `sample`; `auto` is what fits the input. Of samples
                also their number `n`, `seed`, and `temperature`, the standard deviation of the draws.

        Returns:
            `images` in [0, 1]; of `encode` the posterior's `mean` and `log_variance`; of `sample` also `latents`.

        Raises:
            MlflowException: what was given, what was expected; a server answers with status 400.
        """
        tasks: dict[str, Callable[[Request], dict[str, np.ndarray]]] = {
            "encode": self._encoded,
            "reconstruct": lambda request: {"images": self._in_parts(self.vae.reconstruct, self._images(request))},
            "decode": lambda request: {"images": self._in_parts(self.vae.decode, self._latents(request))},
            "sample": lambda request: self._sampled(request.params),
        }
        try:
            request = read(model_input, params)
            return tasks[request.task](request)
        except InputError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from error

    def _encoded(self, request: Request) -> dict[str, np.ndarray]:
        stacked = lambda batch: keras.ops.stack(self.vae.posterior(batch), axis=1)  # noqa: E731
        parts = self._in_parts(stacked, self._images(request))
        return {"mean": parts[:, 0], "log_variance": parts[:, 1]}

    def _sampled(self, params: RequestParams) -> dict[str, np.ndarray]:
        if not self.vae.objective.sampling:
            raise InputError(
                "task=sample: this model is an autoencoder, which has no prior. Expected decode with latents"
            )
        noise = np.random.default_rng(params.seed).standard_normal((params.n, self.vae.latent_dim))
        latents = (params.temperature * noise).astype("float32")
        return {"images": self._in_parts(self.vae.decode, latents), "latents": latents}

    def _images(self, request: Request) -> np.ndarray:
        images = numbers(request, self.vae.image_shape, "[number, height, width, channels]")
        if images.min() < 0 or images.max() > 1:
            raise InputError(
                f"images: pixels are from {images.min():g} to {images.max():g}; expected 0 to 1. Divide 8-bit "
                "ones by 255"
            )
        return images

    def _latents(self, request: Request) -> np.ndarray:
        return numbers(request, (self.vae.latent_dim,), "[number, latent_dim]")

    def _in_parts(self, function: Callable[[np.ndarray], Any], values: np.ndarray) -> np.ndarray:
        parts = [function(values[first : first + 500]) for first in range(0, len(values), 500)]
        return np.concatenate([keras.ops.convert_to_numpy(keras.ops.cast(part, "float32")) for part in parts])


@cache
def hear_all() -> None:
    """Make MLflow hand requests to our models over as they are.

    Otherwise it leaves out what the signature does not name, with a word in the log of the server alone, and whoever
    mistypes a name is answered another question. MLflow has no switch for that.
    """
    before = PyFuncModel.predict

    @wraps(before)
    def predict(model: PyFuncModel, data: Any, params: dict[str, Any] | None = None) -> Any:
        ours = implementation(model)
        return ours.predict(data, params) if isinstance(ours, Served) else before(model, data, params)

    PyFuncModel.predict = predict


def _load_pyfunc(path: str) -> Served:
    """MLflow's way to load a model that names this module as its loader."""
    hear_all()
    return Served(stored_model(Path(path)))


def _nested(depth: int) -> Any:
    kind: Any = AnyType()  # of numbers: whole ones would be refused where others are asked for
    for _ in range(depth):
        kind = Array(kind)
    return kind
