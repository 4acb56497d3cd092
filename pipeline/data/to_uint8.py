"""The conversion of arrays of images of any number type into uint8, a chunk at a time."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.data.conversion_commands import rewrite_command
from pipeline.data.levels import Levels, Span, joint, levels_cure, span_of
from pipeline.data.npz_array import NpzArray
from pipeline.data.pixel_memory import pixel_memory
from pipeline.errors import InputError

Kind = np.dtype[np.generic]
"""A type of number."""

LIMITS: dict[Kind, float] = {np.dtype(np.bool): 1.0, np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0}
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


def converted(array: NpzArray, path: Path, key: str, levels: Levels) -> ConvertedImages:
    """The images in an array of [N, H, W], [N, H, W, C] or [N, C, H, W], of bool, whole numbers or floats.

    Args:
        array: images.
        path, key: of the array, for messages.
        levels: black and white.

    Raises:
        InputError: another shape or type, values that are not finite, or no setting of white where one is needed.
    """
    origin = f"{path}: {key}"
    shape, moved = _shaped(array.shape, path, key)
    pixels = pixel_memory(shape)
    if not pixels.size:
        return ConvertedImages(pixels, None, moved)
    kind = array.dtype
    if kind.kind not in "fiub":
        raise InputError(f"{origin} is {kind}; expected numbers, such as uint8 or floats from 0 to 1. Convert it")
    limit = LIMITS.get(kind, math.inf)
    spans = []
    for place, values in array.chunks():
        spans.append(span_of(values))
        # Once a value has been refused, the others are read for their span alone, which the message tells.
        if np.isfinite(spans[-1]).all() and _has_white(limit, spans[-1], levels, kind):
            images = np.moveaxis(values, 1, -1) if moved else values.reshape(-1, *shape[1:])
            pixels[place] = levels.to_uint8(images, 1.0 if limit == math.inf and levels.white is None else limit)
    span = joint(spans)
    assert span
    if not np.isfinite(span).all():
        found = "NaN" if np.isnan(span).any() else "infinity"
        cure = rewrite_command(path, key, "np.nan_to_num(a, nan=0, posinf=0, neginf=0)")
        raise InputError(f"{origin} holds {found}; expected finite numbers. To replace them by 0: {cure}")
    if not _has_white(limit, span, levels, kind):
        raise InputError(_unscaled(origin, kind, span))
    return ConvertedImages(pixels, None if limit == 255 and not levels.told else span, moved)


def _has_white(limit: float, span: Span, levels: Levels, kind: Kind) -> bool:
    """Whether the type of number or a setting says which value is white, or the values themselves: floats up to 1."""
    if limit != math.inf or levels.white is not None:
        return True
    return kind.kind == "f" and span[0] >= min(levels.black or 0, 0) and span[1] <= 1


def _unscaled(origin: str, kind: Kind, span: Span) -> str:
    return (
        f"{origin} has {'floats' if kind.kind == 'f' else kind} from {span[0]:g} to {span[1]:g}, and no setting says "
        f"which value is white; expected uint8, uint16, bool or floats from 0 to 1. Set {levels_cure(span)}"
    )


def _shaped(shape: tuple[int, ...], path: Path, key: str) -> tuple[tuple[int, ...], bool]:
    """The shape as [N, H, W, C], and whether the channels are moved to its end."""
    if len(shape) == 3:
        return (*shape, 1), False
    if len(shape) == 4 and shape[-1] not in (1, 3) and shape[1] in (1, 3):
        return (shape[0], *shape[2:], shape[1]), True
    if len(shape) == 4 and shape[-1] in (1, 3):
        return shape, False
    expected = "expected [N, H, W] for grey, or [N, H, W, C] with 1 or 3 channels"
    cure = _reshaping(shape)
    told = f" To reshape it: {rewrite_command(path, key, cure)}" if cure else ""
    raise InputError(f"{path}: {key} has the shape {list(shape)}; {expected}.{told}")


def _reshaping(shape: tuple[int, ...]) -> str | None:
    """Python code that makes images of an array `a` of another shape; None where the shape tells nothing."""
    if len(shape) == 4 and shape[-1] in (2, 4):
        return f"a[..., :{shape[-1] - 1}]"
    if len(shape) == 4 and shape[1] in (2, 4):
        return f"a[:, :{shape[1] - 1}]"
    for channels in (1, 3) if len(shape) == 2 else ():
        side = math.isqrt(shape[1] // channels)
        if side * side * channels == shape[1] and side > 1:
            # The channels of an image are one after the other, as in the files of CIFAR-10.
            return f"a.reshape(-1, {channels}, {side}, {side})"
    return None
