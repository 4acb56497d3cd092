"""Labels of images in NumPy arrays, as indices into class names."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.data.conversion_commands import rewrite_command
from pipeline.data.source import check_labels
from pipeline.errors import InputError

SAVE = "Save the labels in this form"


LISTED = 20
"""Labels that a message lists; more would hide its end."""


def codes_of(labels: np.ndarray, path: Path, key: str) -> np.ndarray:
    """Labels as they are in a file, [N]: a whole number (int64), a bool or a text for each image.

    Args:
        labels: [N], or [N, 1] as in some data sets of Keras.
        path, key: of the array, for messages.

    Raises:
        InputError: labels of another shape or type.
    """
    flat = labels.reshape(len(labels)) if labels.ndim == 2 and labels.shape[1] == 1 else labels
    origin = f"{path}: {key} is {labels.dtype} {list(labels.shape)}; expected one whole number or text an image"
    if flat.ndim != 1:
        one_hot = flat.ndim == 2 and flat.dtype.kind in "iufb" and (flat != 0).sum(axis=1).max(initial=0) <= 1
        cure = f"To save the position of the 1 in each line: {rewrite_command(path, key, 'a.argmax(axis=1)')}"
        raise InputError(f"{origin}. {cure if one_hot else SAVE}")
    if flat.dtype.kind == "S":
        return np.array([text.decode("utf-8", "surrogateescape") for text in flat.tolist()])
    if flat.dtype.kind == "f" and (flat == np.rint(flat)).all():
        return flat.astype(np.int64)
    if flat.dtype.kind not in "iubU":
        raise InputError(f"{origin}. {SAVE}")
    return flat.astype(np.int64) if flat.dtype.kind in "iu" else flat


def numbered(
    codes: np.ndarray, known: np.ndarray, class_names: Sequence[str] | None, origin: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels as indices into class names, int64 [N], and these names.

    Args:
        codes: labels as they are in the file, [N].
        known: labels of the training images, [M], which name the classes where `class_names` is None.
        class_names: names of the numbers 0, 1, 2 …, or all texts in the order of the classes; None for sorted labels.
        origin: the array, with which messages begin.

    Raises:
        InputError: a label without a name, or without a training image.
    """
    texts = codes.dtype.kind == "U"
    if class_names is not None and not texts:
        check_labels(codes, len(class_names), origin)
        return codes.astype(np.int64), tuple(class_names)
    names = np.unique(known) if class_names is None else np.array(class_names)
    if unknown := np.setdiff1d(codes, names).tolist():
        raise InputError(
            f"{origin}: label {unknown[0]} is of no known class; expected labels of the training images or of "
            f"dataset.source.class_names ({_listed(names)}). Remove the images with other labels"
        )
    order = np.argsort(names)
    indices = order[np.searchsorted(names, codes, sorter=order)].astype(np.int64)
    return indices, tuple(str(name) for name in names)


def _listed(values: Any) -> str:
    return ", ".join(str(value) for value in values[:LISTED]) + (" …" if len(values) > LISTED else "")
