"""Arrays of images that come from elsewhere, as the uint8 pixels of this pipeline."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.data.levels import STEP, Levels, Span, joint, levels_cure, span_of
from pipeline.data.rewriting import rewriting
from pipeline.errors import InputError

LIMITS = {np.dtype(np.bool): 1.0, np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0}
"""White, where nobody says what is: the largest value of the type. Of other whole numbers nobody uses that."""


@dataclass(frozen=True)
class Pixels:
    """An array of images that was converted.

    Attributes:
        images: uint8 [N, H, W, C].
        span: the least and the largest value that it had.
        turned: whether its channels stood before height and width.
    """

    images: np.ndarray
    span: Span | None
    turned: bool


def as_pixels(array: np.ndarray, path: Path, key: str, levels: Levels) -> Pixels:
    """The images in an array of [N, H, W], [N, H, W, C] or [N, C, H, W], of bool, whole numbers or floats.

    Raises:
        InputError: another shape or type, values that are no numbers, or of which nobody says what is white.
    """
    origin = f"{path}: {key}"
    images, turned = _shaped(array, path, key)
    if not images.size:
        return Pixels(images.astype(np.uint8), None, turned)
    floats = np.issubdtype(images.dtype, np.floating)
    if not floats and not np.issubdtype(images.dtype, np.integer) and images.dtype != np.bool:
        raise InputError(f"{origin} is {images.dtype}; expected numbers, such as uint8 or floats from 0 to 1")
    span = joint([span_of(images[start : start + STEP]) for start in range(0, len(images), STEP)])
    assert span
    if not np.isfinite(span).all():
        found = "NaN" if np.isnan(span).any() else "infinity"
        cure = rewriting(path, key, "np.nan_to_num(a, nan=0, posinf=0, neginf=0)")
        raise InputError(f"{origin} holds {found}; expected finite numbers. With 0 instead: {cure}")
    limit = LIMITS.get(images.dtype, math.inf)
    if limit == math.inf and levels.white is None:
        if not floats or span[0] < min(levels.black or 0, 0) or span[1] > 1:
            raise InputError(_unscaled(origin, images, span))
        limit = 1.0
    return Pixels(levels.pixels(images, limit), None if limit == 255 and not levels.told else span, turned)


def _unscaled(origin: str, images: np.ndarray, span: Span) -> str:
    kind = "floats" if np.issubdtype(images.dtype, np.floating) else str(images.dtype)
    return (
        f"{origin} has {kind} from {span[0]:g} to {span[1]:g}, and nothing says which is white; expected uint8, "
        f"uint16, bool, floats from 0 to 1, or to be told: {levels_cure(span)}"
    )


def _shaped(array: np.ndarray, path: Path, key: str) -> tuple[np.ndarray, bool]:
    """The array as [N, H, W, C], and whether its channels had to be moved."""
    if array.ndim == 3:
        return array[..., np.newaxis], False
    if array.ndim == 4 and array.shape[-1] not in (1, 3) and array.shape[1] in (1, 3):
        return np.ascontiguousarray(np.moveaxis(array, 1, -1)), True
    if array.ndim == 4 and array.shape[-1] in (1, 3):
        return array, False
    expected = "expected [N, H, W] for grey, or [N, H, W, C] with 1 or 3 channels"
    cure = _reshaping(array)
    told = f" Reshape it: {rewriting(path, key, cure)}" if cure else ""
    raise InputError(f"{path}: {key} has the shape {list(array.shape)}; {expected}.{told}")


def _reshaping(array: np.ndarray) -> str | None:
    """What makes images of an array of another shape, in Python; None where that is not known."""
    if array.ndim == 4 and array.shape[-1] in (2, 4):
        return f"a[..., :{array.shape[-1] - 1}]"
    if array.ndim == 4 and array.shape[1] in (2, 4):
        return f"a[:, :{array.shape[1] - 1}]"
    for channels in (1, 3) if array.ndim == 2 else ():
        side = math.isqrt(array.shape[1] // channels)
        if side * side * channels == array.shape[1] and side > 1:
            # Colours one after the other, as in CIFAR's files.
            return f"a.reshape(-1, {channels}, {side}, {side})"
    return None
