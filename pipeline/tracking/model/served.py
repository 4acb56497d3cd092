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

from pipeline.data.class_names import LISTED, labels_of
from pipeline.errors import InputError
from pipeline.models.vae import VAE
from pipeline.tracking.mlflow_internals import implementation
from pipeline.tracking.model.stored import stored_model
from pipeline.tracking.request import Request, RequestParams, numbers, read


def signature(*, conditional: bool) -> ModelSignature:
    """The MLflow signature of a model: what a request may give, to a conditional one also classes, and the answer."""
    images = _nested(4)
    latents = _nested(2)
    usual = RequestParams()
    read = [ColSpec(images, "images", required=False), ColSpec(latents, "latents", required=False)]
    classes = [ColSpec(AnyType(), "classes", required=False)] if conditional else []
    return ModelSignature(
        Schema([*read, *classes]),
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

    def __init__(self, vae: VAE) -> None:
        self.vae = vae

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> dict[str, np.ndarray]:
        """Answer a request.

        Args:
            model_input: `images` [N, H, W, C] with pixels in [0, 1], or `latents` [N, D], or neither; by name, or in a
                table, whose records are answered one after the other. A conditional model must also be told `classes`,
                by name or number: one for all of them, or one each.
            params: `task` is `encode`, `reconstruct`, `decode` or `sample`; `auto` is what fits the input. Of samples
                also their number `n`, `seed`, and `temperature`, the standard deviation of the draws.

        Returns:
            `images` in [0, 1]; of `encode` the posterior's `mean` and `log_variance`; of `sample` also `latents`.

        Raises:
            MlflowException: what was given, what was expected; a server answers with status 400.
        """
        tasks: dict[str, Callable[[Request], dict[str, np.ndarray]]] = {
            "encode": self._encoded,
            "reconstruct": self._reconstructed,
            "decode": self._decoded,
            "sample": self._sampled,
        }
        try:
            request = read(model_input, params)
            return tasks[request.task](request)
        except InputError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from error

    def _encoded(self, request: Request) -> dict[str, np.ndarray]:
        images = self._images(request)
        stacked = lambda *batch: keras.ops.stack(self.vae.posterior(*batch), axis=1)  # noqa: E731
        parts = _in_parts(stacked, images, self._labels(request, len(images)))
        return {"mean": parts[:, 0], "log_variance": parts[:, 1]}

    def _reconstructed(self, request: Request) -> dict[str, np.ndarray]:
        images = self._images(request)
        return {"images": _in_parts(self.vae.reconstruct, images, self._labels(request, len(images)))}

    def _decoded(self, request: Request) -> dict[str, np.ndarray]:
        latents = self._latents(request)
        return {"images": _in_parts(self.vae.decode, latents, self._labels(request, len(latents)))}

    def _sampled(self, request: Request) -> dict[str, np.ndarray]:
        if not self.vae.objective.sampling:
            raise InputError(
                "task=sample: this model is an autoencoder, which has no prior. Expected decode with latents"
            )
        params = request.params
        labels = self._labels(request, params.n)
        noise = np.random.default_rng(params.seed).standard_normal((params.n, self.vae.latent_dim))
        latents = (params.temperature * noise).astype("float32")
        return {"images": _in_parts(self.vae.decode, latents, labels), "latents": latents}

    def _labels(self, request: Request, count: int) -> np.ndarray | None:
        """The labels, int [count], of the classes that a conditional model is told; None of another model."""
        names = self.vae.class_names
        if not names:
            if request.classes is None:
                return None
            raise InputError("classes: this model is not conditional and cannot be told a class. Leave them out")
        wanted = "one class" if count == 1 else f"one class for all, or {count}, one each"
        listed = ", ".join(names[:LISTED]) + (" …" if len(names) > LISTED else "")
        if request.classes is None:
            raise InputError(f"classes: missing; this model is conditional; expected {wanted}, of: {listed}")
        labels = labels_of(request.classes, names, "classes")
        if len(labels) not in (1, count):
            raise InputError(f"classes: {len(labels)} of them; expected {wanted}")
        return np.resize(labels, count)

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


def _in_parts(function: Callable[..., Any], values: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    spans = [slice(first, first + 500) for first in range(0, len(values), 500)]
    parts = [function(values[span], None if labels is None else labels[span]) for span in spans]
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
