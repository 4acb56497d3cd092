"""The appearance of a data set: described in a line, with a warning where it is odd, and refused without content."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.data.levels import Span, levels_cure
from pipeline.data.source import Published

FAINT = 32
"""The least difference of the brightest and the darkest pixel of all, an eighth of 255, by which anything is seen."""

DIM = 64
"""The least difference of the brightest and the darkest pixel of a usual image, a quarter of 255."""

MANY_FLAT = 0.05
"""The largest usual share of images of one colour: a few blank scans are common, more are a sign of a wrong file."""


@dataclass(frozen=True)
class Appearance:
    """The appearance of all images of all splits; pixels are from 0 to 255.

    Attributes:
        published: the data set.
        low, high: the darkest and the brightest pixel of all images.
        typical: the median over images of the difference of their brightest and their darkest pixel.
        flat: number of images of one colour.
        count: number of images.
        alike: whether all images are the same.
    """

    published: Published
    low: int
    high: int
    typical: float
    flat: int
    count: int
    alike: bool

    @classmethod
    def of(cls, published: Published) -> "Appearance":
        """The appearance of a data set, from every pixel of it."""
        first = published.train.rows[np.array([0])]
        found = []
        flat = 0
        alike = True
        for split in published.splits.values():
            for _, images in split.rows.chunks():
                found.append((images.min(axis=(1, 2, 3)), images.max(axis=(1, 2, 3))))
                flat += _flat(images)
                alike = alike and bool((images == first).all())
        lows, highs = (np.concatenate(each) for each in zip(*found, strict=True))
        typical = float(np.median(highs.astype(int) - lows))
        return cls(published, int(lows.min()), int(highs.max()), typical, flat, len(lows), alike)

    @property
    def line(self) -> str:
        """A description of the appearance in one line."""
        reading = self.published.reading
        flat = f"{self.flat:,} of {self.count:,} images ({self.flat / self.count:.1%}) of one colour"
        cut = reading.levels.remarks(reading.span) if reading.levels and reading.span else ()
        return "; ".join(
            [f"pixels {_range(self.low, self.high)} of 255{self._in_the_files}", flat, *reading.remarks, *cut]
        )

    @property
    def refusal(self) -> str | None:
        """The reason why nothing can be learned from these images, and the cure; None where there is none."""
        low, high = self._stored
        if low == high:
            cure = self.published.reading.flat_cure or "Check what the files hold"
            return (
                f"all {self.count:,} images are of one colour, {self.low} of 255; expected images that differ. {cure}"
            )
        if self.low == self.high or (self.high - self.low < FAINT and not self._is_meant):
            return (
                f"pixels {_range(self.low, self.high)} of 255{self._in_the_files}; "
                f"expected a range of at least {FAINT}, or nothing can be seen. {self._contrast_cure}"
            )
        return None

    @property
    def warnings(self) -> Iterator[str]:
        """A warning for everything that is odd, each with the cure."""
        if self.alike and self.count > 1:
            yield f"all {self.count:,} images are the same. Check what the files hold"
        elif self.flat > MANY_FLAT * self.count:
            cure = self.published.reading.flat_cure or "Check whether they belong to the data set"
            yield f"{self.flat:,} of {self.count:,} images are of one colour. {cure}"
        if self.typical < DIM and not self._is_meant:
            yield (
                f"in half of the images pixels differ by {self.typical:g} of 255 at most{self._in_the_files}. "
                f"{self._contrast_cure}"
            )

    @property
    def _stored(self) -> Span:
        return self.published.reading.span or (float(self.low), float(self.high))

    @property
    def _in_the_files(self) -> str:
        return f" ({_range(*self._stored)} in the files)" if self.published.reading.span else ""

    @property
    def _is_meant(self) -> bool:
        levels = self.published.reading.levels
        return levels is not None and levels.told

    @property
    def _contrast_cure(self) -> str:
        if self.published.reading.levels is None:
            return "Make the source give pixels from 0 to 255"
        if self._is_meant:
            return f"Set other values for black and white: {levels_cure(self._stored, both=True)}"
        return f"Set {levels_cure(self._stored)}. Or, if the images are meant to be so: set dataset.source.black=0"


def _flat(images: np.ndarray) -> int:
    """The number of images of one colour, which may have three different channels."""
    # The first line of most images tells that they are not.
    possible = images[(images[:, 0] == images[:, 0, :1]).all(axis=(1, 2))]
    return int((possible == possible[:, :1, :1]).all(axis=(1, 2, 3)).sum())


def _range(low: float, high: float) -> str:
    return f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"
