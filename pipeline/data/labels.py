"""Labels of an array's images, as numbers and the names of the classes that they stand for."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.data.rewriting import rewriting
from pipeline.data.source import check_labels
from pipeline.errors import InputError


def codes_of(labels: np.ndarray, path: Path, key: str) -> np.ndarray:
    """One whole number, bool or text for each image, [N], as they are in the file. Keras gives some labels as [N, 1].

    Raises:
        InputError: another shape or type.
    """
    flat = labels.reshape(len(labels)) if labels.ndim == 2 and labels.shape[1] == 1 else labels
    origin = f"{path}: {key} is {labels.dtype} {list(labels.shape)}; expected one whole number or text an image"
    if flat.ndim != 1:
        one_hot = flat.ndim == 2 and flat.dtype.kind in "iufb" and (flat != 0).sum(axis=1).max(initial=0) <= 1
        cure = f" The number of the column that is not 0: {rewriting(path, key, 'a.argmax(axis=1)')}"
        raise InputError(f"{origin}.{cure if one_hot else ' Save it so'}")
    if flat.dtype.kind == "S":
        return np.array([text.decode("utf-8", "surrogateescape") for text in flat.tolist()])
    if flat.dtype.kind == "f" and (flat == np.rint(flat)).all():
        return flat.astype(np.int64)
    if flat.dtype.kind not in "iubU":
        raise InputError(f"{origin}. Save it so")
    return flat.astype(np.int64) if flat.dtype.kind in "iu" else flat


def numbered(
    codes: np.ndarray, known: np.ndarray, class_names: Sequence[str] | None, origin: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Codes as indices into the class names, int64 [N], and these.

    Args:
        codes: of the images.
        known: codes that name the classes, where nobody does: those of the training images.
        class_names: what the numbers 0, 1, 2 … mean, or in which order the texts are to be; None for the codes known.
        origin: begins the messages.

    Raises:
        InputError: a code that is not known, or for which there is no name.
    """
    texts = codes.dtype.kind == "U"
    if class_names is not None and not texts:
        check_labels(codes, len(class_names), origin)
        return codes.astype(np.int64), tuple(class_names)
    names = np.unique(known) if class_names is None else np.array(class_names)
    if unknown := np.setdiff1d(codes, names).tolist():
        raise InputError(f"{origin}: label {unknown[0]} is not among those to train on ({_listed(names)})")
    order = np.argsort(names)
    indices = order[np.searchsorted(names, codes, sorter=order)].astype(np.int64)
    return indices, tuple(str(name) for name in names)


def _listed(values: Any) -> str:
    return ", ".join(str(value) for value in values[:20]) + (" …" if len(values) > 20 else "")
