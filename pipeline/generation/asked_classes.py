"""The classes as which a conditional model is asked to decode."""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field

from pipeline.config.names import shown
from pipeline.config.values import Text
from pipeline.data.class_names import labels_of
from pipeline.errors import InputError
from pipeline.runs.loaded_run import LoadedRun

MOST = 20
"""Classes that are decoded where none is asked for; a figure of more would not be looked at."""


def _as_list(value: Any) -> Any:
    return value if value is None or isinstance(value, list | tuple) else [value]


AskedClasses = Annotated[
    Annotated[list[Text], Field(min_length=1)] | None, BeforeValidator(_as_list), Field(examples=[[3, 7]])
]
"""Classes by name or number, one or a list; null for all, of more than 20 the first 20."""


def asked_labels(asked: Sequence[str] | None, trained: LoadedRun) -> np.ndarray | None:
    """The labels, int [K], of the classes that are asked for; None of a model that is not conditional.

    Raises:
        InputError: there is no such class, or the model is not conditional.
    """
    names = trained.vae.class_names
    if not trained.vae.conditional:
        if asked is None:
            return None
        raise InputError(
            f"what.classes={shown(list(asked))}: run {trained.id} is not conditional and cannot be told a class. "
            "Leave what.classes out, or name a run that was trained with model.conditional=true"
        )
    return np.arange(len(names))[:MOST] if asked is None else labels_of(asked, names, "what.classes")


def names_of(labels: np.ndarray, trained: LoadedRun) -> list[str]:
    """The names of the classes with these labels, int [K]."""
    return [trained.vae.class_names[label] for label in labels]
