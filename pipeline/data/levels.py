"""Levels: which of the stored values is black and which is white, as in programs that edit images."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from pipeline.data.chunks import chunks
from pipeline.errors import InputError

Level = Annotated[float, Field(strict=True, allow_inf_nan=False, examples=[4095])]
"""A value as it is stored, before it becomes a pixel."""

Span = tuple[float, float]
"""The least and the largest of some values."""


@dataclass(frozen=True)
class Levels:
    """The keys `black` and `white` of a source. Black may be larger than white, which inverts the images.

    Attributes:
        black: the stored value that is black; None for 0.
        white: the stored value that is white, which is at most the largest value that the type of number can hold;
            None for that value, and for 1 in floats.

    Raises:
        InputError: black and white are the same value.
    """

    black: float | None
    white: float | None

    def __post_init__(self) -> None:
        if (self.black or 0.0) == self.white:
            raise InputError(
                f"white={self.white:g} is black as well; expected two different values, or null for either"
            )

    @property
    def told(self) -> bool:
        """Whether the user has set black or white, so that dark images are intended."""
        return self.black is not None or self.white is not None

    def to_uint8(self, values: np.ndarray, limit: float) -> np.ndarray:
        """Values [..., H, W, C] as pixels, uint8 of the same shape; values beyond black or white are clipped.

        Args:
            values: bool, whole numbers or floats of any shape.
            limit: the largest value that there can be, which white never exceeds.

        Raises:
            InputError: black is that largest value, and so is white.
        """
        if not self.told and values.dtype == np.uint8:
            return values
        if not self.told and values.dtype == np.uint16:
            return (values >> 8).astype(np.uint8)
        black = self.black or 0.0
        white = limit if self.white is None else min(self.white, limit)
        if white == black:
            raise InputError(
                f"dataset.source.black={black:g} is white as well, as no value of these images can be larger; expected "
                "two different values. To invert the images, set dataset.source.white=0"
            )
        pixels = np.empty(values.shape, dtype=np.uint8)
        for place in chunks(len(values), values[:1].size * 8):
            part = values[place]
            # Without levels, floats keep their precision, so that the pixels of earlier versions do not change.
            if self.told:
                scaled = (part.astype(np.float64) - black) * (255 / (white - black))
            else:
                scaled = part * np.float32(255 / limit)
            pixels[place] = np.rint(np.clip(scaled, 0, 255))
        return pixels

    def remarks(self, span: Span) -> tuple[str, ...]:
        """A phrase about values outside of black and white, if the span [least, largest] has any."""
        low, high = sorted((self.black or 0.0, span[1] if self.white is None else self.white))
        return (f"values outside of {low:g} to {high:g} are clipped",) if span[0] < low or span[1] > high else ()


def span_of(values: np.ndarray) -> Span:
    """The least and the largest of values [N, H, W, C]; both are NaN where any value is."""
    return float(values.min()), float(values.max())


def joint(spans: Sequence[Span]) -> Span | None:
    """The span of all values of several spans, NaN if any of them is; None where there is no span."""
    if not spans:
        return None
    # NumPy's minimum and maximum, unlike Python's, are NaN where one value is.
    return float(np.min([low for low, _ in spans])), float(np.max([high for _, high in spans]))


def levels_cure(span: Span, *, both: bool = False) -> str:
    """The settings that make the largest value white, and the least value black unless it is near 0.

    Args:
        span: the least and the largest value.
        both: set black even where the least value is near 0.
    """
    low, high = span
    # Where the least value is below half of the largest, black is taken to be 0, which need not be set.
    keys = [] if 0 <= low <= high / 2 and not both else [f"dataset.source.black={_typed(low)}"]
    # Values up to one above half of 255 are most likely pixels of 8 bits, none of which is quite white.
    white = "255" if not keys and 127 < high < 255 else _typed(high)
    return " ".join([*keys, f"dataset.source.white={white}"])


def _typed(value: float) -> str:
    return str(int(value)) if value.is_integer() else f"{value:.6g}"
