"""Which of the values that are stored is black and which is white."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from pipeline.errors import InputError

Level = Annotated[float, Field(strict=True, allow_inf_nan=False, examples=[4095])]
"""A value as it is stored, before it becomes a pixel."""

STEP = 1024
"""Images, or rows of one, that are converted at once: all of them as floats would take 8 times their room."""

Span = tuple[float, float]
"""The least and the largest of some values."""


@dataclass(frozen=True)
class Levels:
    """The keys `black` and `white` of a source. Black may be the larger one: that inverts the images.

    Attributes:
        black: None for 0.
        white: None for the largest value that the type of number can hold, which it never exceeds; 1 for floats.
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
        """Whether the user has said what is black or white, so that dark images are meant."""
        return self.black is not None or self.white is not None

    def pixels(self, values: np.ndarray, limit: float) -> np.ndarray:
        """uint8 of the same shape; what lies beyond black or white is cut. `limit`: the largest value there can be."""
        if not self.told and values.dtype == np.uint8:
            return values
        if not self.told and values.dtype == np.uint16:
            return (values >> 8).astype(np.uint8)
        black, white = self.black or 0.0, limit if self.white is None else min(self.white, limit)
        pixels = np.empty(values.shape, dtype=np.uint8)
        for start in range(0, len(values), STEP):
            part = values[start : start + STEP]
            # In the precision that floats have, as long as nothing is told: so their data sets stay what they are.
            if self.told:
                scaled = (part.astype(np.float64) - black) * (255 / (white - black))
            else:
                scaled = part * np.float32(255 / limit)
            pixels[start : start + STEP] = np.rint(np.clip(scaled, 0, 255))
        return pixels

    def remarks(self, span: Span) -> tuple[str, ...]:
        """What is to be said of values that were cut."""
        low, high = sorted((self.black or 0.0, span[1] if self.white is None else self.white))
        return (f"what lies outside {low:g} to {high:g} is cut",) if span[0] < low or span[1] > high else ()


def span_of(values: np.ndarray) -> Span:
    """The least and the largest value; not a number where there is such a thing."""
    return float(values.min()), float(values.max())


def joint(spans: Sequence[Span]) -> Span | None:
    """The least and the largest of all, not a number if one of them is none; None of nothing."""
    lows, highs = zip(*spans, strict=True) if spans else ((), ())
    return (float(np.min(lows)), float(np.max(highs))) if spans else None


def levels_cure(span: Span, *, both: bool = False) -> str:
    """The keys that make the largest of these values white, and the least black, unless it is as good as 0 anyway."""
    low, high = span
    whole = low.is_integer() and high.is_integer()
    keys = [] if 0 <= low <= high / 2 and not both else [f"dataset.source.black={_typed(low)}"]
    return " ".join([*keys, f"dataset.source.white={255 if whole and not keys and 127 < high < 255 else _typed(high)}"])


def _typed(value: float) -> str:
    return str(int(value)) if value.is_integer() else f"{value:.6g}"
