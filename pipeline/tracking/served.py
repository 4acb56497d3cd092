"""What a stored model answers when MLflow serves it: encode, decode, reconstruct and sample."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import AnyType, Array

from pipeline.tracking.stored import stored_model

MOST = 10_000
"""Images that one request may ask for."""


def signature() -> ModelSignature:
    """What a request may give and what is answered, the same for all models."""
    images, latents = _nested(4), _nested(2)
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
                ParamSpec("task", DataType.string, "auto"),
                ParamSpec("n", DataType.long, 16),
                ParamSpec("seed", DataType.long, 0),
                ParamSpec("temperature", DataType.double, 1.0),
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
            model_input: `images` [N, H, W, C] with pixels in [0, 1], or `latents` [N, D], or neither.
            params: `task` is `encode`, `reconstruct`, `decode` or `sample`; `auto` is what fits the input. Of samples
                also their number `n`, `seed`, and `temperature`, the standard deviation of the draws.

        Returns:
            `images` in [0, 1]; of `encode` the posterior's `mean` and `log_variance`; of `sample` also `latents`.

        Raises:
            MlflowException: what was given, what was wanted; a server answers with status 400.
        """
        given = {str(name): _first(model_input[name]) for name in model_input}
        asked = {"task": "auto", "n": 16, "seed": 0, "temperature": 1.0, **(params or {})}
        tasks: dict[str, Callable[[], dict[str, np.ndarray]]] = {
            "encode": lambda: self._encoded(self._images(given)),
            "reconstruct": lambda: {"images": self._in_parts(self.vae.reconstruct, self._images(given))},
            "decode": lambda: {"images": self._in_parts(self.vae.decode, self._latents(given))},
            "sample": partial(self._sampled, asked),
        }
        task = asked["task"]
        if task == "auto":
            task = "reconstruct" if "images" in given else "decode" if "latents" in given else "sample"
        if task not in tasks:
            raise _refusal(f"task={task}: wanted one of auto, {', '.join(tasks)}")
        return tasks[task]()

    def _encoded(self, images: np.ndarray) -> dict[str, np.ndarray]:
        parts = self._in_parts(lambda batch: keras.ops.stack(self.vae.posterior(batch), axis=1), images)
        return {"mean": parts[:, 0], "log_variance": parts[:, 1]}

    def _sampled(self, asked: Mapping[str, Any]) -> dict[str, np.ndarray]:
        if not self.vae.objective.sampling:
            raise _refusal("task=sample: this model is an autoencoder, which has no prior. Wanted decode with latents")
        number, temperature = int(asked["n"]), float(asked["temperature"])
        if not 0 < number <= MOST:
            raise _refusal(f"n={number}: wanted a number from 1 to {MOST}")
        if not 0 <= temperature < np.inf:
            raise _refusal(f"temperature={temperature}: wanted a number that is not negative, for example 1.0")
        if int(asked["seed"]) < 0:
            raise _refusal(f"seed={asked['seed']}: wanted a number that is not negative, for example 0")
        noise = np.random.default_rng(int(asked["seed"])).standard_normal((number, self.vae.latent_dim))
        latents = (temperature * noise).astype("float32")
        return {"images": self._in_parts(self.vae.decode, latents), "latents": latents}

    def _images(self, given: Mapping[str, Any]) -> np.ndarray:
        images = _array(given, "images", self.vae.image_shape, "[number, height, width, channels]")
        if images.min() < 0 or images.max() > 1:
            raise _refusal(
                f"images: pixels are from {images.min():g} to {images.max():g}; wanted 0 to 1. Divide 8-bit ones by 255"
            )
        return images

    def _latents(self, given: Mapping[str, Any]) -> np.ndarray:
        return _array(given, "latents", (self.vae.latent_dim,), "[number, latent_dim]")

    def _in_parts(self, function: Callable[[np.ndarray], Any], values: np.ndarray) -> np.ndarray:
        parts = [function(values[first : first + 500]) for first in range(0, len(values), 500)]
        return np.concatenate([keras.ops.convert_to_numpy(keras.ops.cast(part, "float32")) for part in parts])


def _load_pyfunc(path: str) -> Served:
    """What MLflow calls."""
    return Served(stored_model(Path(path)))


def _nested(depth: int) -> Any:
    kind: Any = AnyType()  # of numbers: whole ones would be refused where others are asked for
    for _ in range(depth):
        kind = Array(kind)
    return kind


def _first(column: Any) -> Any:
    """MLflow makes a table with one row of what it was given by name."""
    return column.iloc[0] if hasattr(column, "iloc") else column


def _array(given: Mapping[str, Any], name: str, shape: tuple[int, ...], words: str) -> np.ndarray:
    wanted = f"wanted {words}, here [N, {', '.join(map(str, shape))}]"
    if name not in given:
        raise _refusal(f"{name}: missing; {wanted}")
    try:
        values = np.array(_plain(given[name]), np.float32)
    except (TypeError, ValueError) as error:
        raise _refusal(f"{name}: not the same number of values everywhere; {wanted}") from error
    if values.ndim != len(shape) + 1 or values.shape[1:] != shape:
        raise _refusal(f"{name}: shape {list(values.shape)}; {wanted}")
    if not 0 < len(values) <= MOST:
        raise _refusal(f"{name}: {len(values)} of them; wanted 1 to {MOST} in a request")
    if not np.isfinite(values).all():
        raise _refusal(f"{name}: not all values are finite")
    return values


def _plain(value: Any) -> Any:
    """Nested lists of what MLflow makes arrays of arrays."""
    return [_plain(each) for each in value] if isinstance(value, np.ndarray) and value.dtype == object else value


def _refusal(message: str) -> MlflowException:
    return MlflowException.invalid_parameter_value(message)
