"""The conversion of arrays of images of any number type into uint8."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.data.conversion_commands import rewrite_command
from pipeline.data.levels import STEP, Levels, Span, joint, levels_cure, span_of
from pipeline.errors import InputError

LIMITS = {np.dtype(np.bool): 1.0, np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0}
"""White by type, where no setting says which value is: the largest of the type; no file uses that of wider integers."""


@dataclass(frozen=True)
class ConvertedImages:
    """Images of an array after their conversion.

    Attributes:
        images: uint8 [N, H, W, C].
        span: the least and the largest value of the array; None where these are the pixels.
        channels_moved: whether the channels were before height and width in the array.
    """

    images: np.ndarray
    span: Span | None
    channels_moved: bool


def converted(array: np.ndarray, path: Path, key: str, levels: Levels) -> ConvertedImages:
    """The images in an array of [N, H, W], [N, H, W, C] or [N, C, H, W], of bool, whole numbers or floats.

    Args:
        array: images.
        path, key: of the array, for messages.
        levels: black and white.

    Raises:
        InputError: another shape or type, values that are not finite, or no setting of white where one is needed.
    """
    origin = f"{path}: {key}"
    images, moved = _shaped(array, path, key)
    if not images.size:
        return ConvertedImages(images.astype(np.uint8), None, moved)
    floats = np.issubdtype(images.dtype, np.floating)
    if not floats and not np.issubdtype(images.dtype, np.integer) and images.dtype != np.bool:
        raise InputError(
            f"{origin} is {images.dtype}; expected numbers, such as uint8 or floats from 0 to 1. Convert it"
        )
    span = joint([span_of(images[start : start + STEP]) for start in range(0, len(images), STEP)])
    assert span
    if not np.isfinite(span).all():
        found = "NaN" if np.isnan(span).any() else "infinity"
        cure = rewrite_command(path, key, "np.nan_to_num(a, nan=0, posinf=0, neginf=0)")
        raise InputError(f"{origin} holds {found}; expected finite numbers. To replace them by 0: {cure}")
    limit = LIMITS.get(images.dtype, math.inf)
    if limit == math.inf and levels.white is None:
        if not floats or span[0] < min(levels.black or 0, 0) or span[1] > 1:
            raise InputError(_unscaled(origin, images, span))
        limit = 1.0
    return ConvertedImages(levels.to_uint8(images, limit), None if limit == 255 and not levels.told else span, moved)


def _unscaled(origin: str, images: np.ndarray, span: Span) -> str:
    kind = "floats" if np.issubdtype(images.dtype, np.floating) else str(images.dtype)
    return (
        f"{origin} has {kind} from {span[0]:g} to {span[1]:g}, and no setting says which value is white; expected "
        f"uint8, uint16, bool or floats from 0 to 1. Set {levels_cure(span)}"
    )


def _shaped(array: np.ndarray, path: Path, key: str) -> tuple[np.ndarray, bool]:
    """The array as [N, H, W, C], and whether its channels were moved to the end."""
    if array.ndim == 3:
        return array[..., np.newaxis], False
    if array.ndim == 4 and array.shape[-1] not in (1, 3) and array.shape[1] in (1, 3):
        return np.ascontiguousarray(np.moveaxis(array, 1, -1)), True
    if array.ndim == 4 and array.shape[-1] in (1, 3):
        return array, False
    expected = "expected [N, H, W] for grey, or [N, H, W, C] with 1 or 3 channels"
    cure = _reshaping(array)
    told = f" To reshape it: {rewrite_command(path, key, cure)}" if cure else ""
    raise InputError(f"{path}: {key} has the shape {list(array.shape)}; {expected}.{told}")


def _reshaping(array: np.ndarray) -> str | None:
    """Python code that makes images of an array `a` of another shape; None where the shape tells nothing."""
    if array.ndim == 4 and array.shape[-1] in (2, 4):
        return f"a[..., :{array.shape[-1] - 1}]"
    if array.ndim == 4 and array.shape[1] in (2, 4):
        return f"a[:, :{array.shape[1] - 1}]"
    for channels in (1, 3) if array.ndim == 2 else ():
        side = math.isqrt(array.shape[1] // channels)
        if side * side * channels == array.shape[1] and side > 1:
            # The channels of an image are one after the other, as in the files of CIFAR-10.
            return f"a.reshape(-1, {channels}, {side}, {side})"
    return None
