"""A request to a model: what it gives and what it asks; names that mean nothing are refused."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from pipeline.config.build import check
from pipeline.config.names import shown
from pipeline.config.values import Natural, Weight
from pipeline.errors import InputError
from pipeline.text.wording import did_you_mean

MOST = 10_000
"""Images that one request may ask for."""
READS = {"encode": "images", "reconstruct": "images", "decode": "latents", "sample": None}
"""What each task reads."""
GIVEN = ("images", "latents", "classes")
FORM = (
    'expected {"images": […]}, {"latents": […]}, or {} for samples, of a conditional model with "classes": […] beside '
    "them; or a table with these as its columns"
)


@dataclass(frozen=True, kw_only=True)
class RequestParams:
    """What a request asks for.

    Attributes:
        task: `auto` is what fits what is given.
        n, seed, temperature: of samples: how many, of which stream, and the standard deviation of the draws.
    """

    task: Literal["auto", "encode", "reconstruct", "decode", "sample"] = "auto"
    n: Annotated[int, Field(strict=True, ge=1, le=MOST, examples=[16])] = 16
    seed: Natural = 0
    temperature: Weight = 1.0


@dataclass(frozen=True)
class Request:
    """A request that was checked: the task, its parameters and what it reads.

    Attributes:
        task: never `auto`.
        params: as asked.
        records: what the task reads, of each record one thing or several; none of samples.
        classes: that are given, one after the other, by name or number; None where none are.
    """

    task: str
    params: RequestParams
    records: list[Any]
    classes: list[Any] | None


def read(model_input: Any, params: Any) -> Request:
    """Check a request and choose its task.

    Args:
        model_input: a mapping with `images` or `latents` or neither, and `classes` or not, or a table of such records.
        params: of a `RequestParams`, as a mapping; None for none.

    Raises:
        InputError: an unknown name, a value of the wrong type or range, or what has no effect.
    """
    given = _given(model_input)
    params = _checked_params(params)
    _check_names(given)
    classes = _classes(given.pop("classes", None))
    task = params.task if params.task != "auto" else next((task for task in _fitting(given)), "sample")
    reads = READS[task]
    for name in given:
        if name != reads:
            raise InputError(f"{name}: not read by task={task}, which is what this request asks. Leave it out")
    idle = [each for each in fields(RequestParams)[1:] if getattr(params, each.name) != each.default]
    for each in idle if task != "sample" else []:
        raise InputError(
            f"params.{each.name}={shown(getattr(params, each.name))}: only task=sample reads it, and this request asks "
            f"to {task}. Leave it out"
        )
    return Request(task, params, given.get(reads or "", []), classes)


def _fitting(given: Mapping[str, Any]) -> list[str]:
    if len(given) > 1:
        raise InputError(f"{' and '.join(given)} are both given; a request has one of them. Leave one out")
    return [{"images": "reconstruct", "latents": "decode"}[name] for name in given]


def _classes(records: list[Any] | None) -> list[Any] | None:
    """List the classes of all records, each of which has one or a list."""
    if records is None:
        return None
    plain = [_plain(record.tolist() if isinstance(record, np.generic) else record) for record in records]
    parts = [each if isinstance(each, list) else np.array(each, object).reshape(-1).tolist() for each in plain]
    classes = [each for part in parts for each in part]
    for each in classes:
        if not isinstance(each, str | int) or isinstance(each, bool):
            raise InputError(
                f'classes: {shown(each)} is no class; expected names or numbers, such as {{"classes": [7]}}'
            )
    if not 0 < len(classes) <= MOST:
        raise InputError(f"classes: {len(classes)} of them; expected 1 to {MOST} in a request")
    return classes


def _given(model_input: Any) -> dict[str, list[Any]]:
    """Sort what the records of a request give by its names."""
    if isinstance(model_input, list) and model_input and all(isinstance(each, Mapping) for each in model_input):
        model_input = pd.DataFrame(model_input)
    if isinstance(model_input, pd.DataFrame):
        names = [str(name) for name in model_input.columns]
        if not len(model_input) or not model_input.columns.is_unique:
            raise InputError(f"a table of {len(model_input)} records with the columns [{', '.join(names)}]: {FORM}")
        return {name: list(column) for name, (_, column) in zip(names, model_input.items(), strict=True)}
    if isinstance(model_input, Mapping):
        return {str(name): [value] for name, value in model_input.items()}
    raise InputError(f"values without a name, of type {type(model_input).__name__}: {FORM}")


def _check_names(given: Mapping[str, Any]) -> None:
    for name in given:
        if name not in GIVEN:
            hint = did_you_mean(name, GIVEN)
            raise InputError(f"{name}: no such field. {hint}There are: {', '.join(GIVEN)}")


def _checked_params(params: Any) -> RequestParams:
    if not isinstance(params, Mapping | None):
        raise InputError(
            f'params of type {type(params).__name__}: expected a mapping, for example {{"task": "encode"}}'
        )
    plain = {str(name): each.item() if isinstance(each, np.generic) else each for name, each in (params or {}).items()}
    return RequestParams(**check(RequestParams, plain, "params"))


def numbers(request: Request, shape: tuple[int, ...], words: str) -> np.ndarray:
    """Return what a request gives as float32 [N, *shape], the records one after the other.

    Args:
        request: of a task that reads something.
        shape: of each thing.
        words: the same for people, with the number in front.

    Raises:
        InputError: nothing is given, or other than such numbers.
    """
    name = READS[request.task]
    expected = f"expected {words}, here [N, {', '.join(map(str, shape))}]"
    if not request.records:
        raise InputError(f"{name}: missing; {expected}")
    parts = [
        _part(record, len(shape), f"{name}: not numbers, or not equally many everywhere; {expected}")
        for record in request.records
    ]
    for part in parts:
        if part.ndim != len(shape) + 1 or part.shape[1:] != shape:
            raise InputError(f"{name}: shape {list(part.shape)}; {expected}")
    values = np.concatenate(parts)
    if not 0 < len(values) <= MOST:
        raise InputError(f"{name}: {len(values)} of them; expected 1 to {MOST} in a request")
    if not np.isfinite(values).all():
        raise InputError(f"{name}: not all values are finite")
    return values


def _part(record: Any, of_one: int, refusal: str) -> np.ndarray:
    """Return what one record gives as one array: one thing, several, or all of them where MLflow packed them."""
    try:
        part = np.array(_plain(record), np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(refusal) from error
    more = part.ndim - of_one
    return part[None] if more == 0 else part.reshape(-1, *part.shape[2:]) if more == 2 else part


def _plain(value: Any) -> Any:
    """Turn arrays of arrays, which MLflow makes of nested lists, back into lists."""
    return [_plain(each) for each in value] if isinstance(value, np.ndarray) and value.dtype == object else value
