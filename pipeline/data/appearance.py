"""What the pixels of a data set look like: told in a line, warned of where it is odd, refused where nothing is seen."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.data.levels import Span, levels_cure
from pipeline.data.source import Published

STEP = 1024
"""Images that are looked at at once."""

FAINT, DIM = 32, 64
"""Steps of 255 between the darkest and the brightest pixel: with fewer nothing is seen, or it is odd."""

MANY_FLAT = 0.05
"""Share of images of one colour that is odd."""


@dataclass(frozen=True)
class Appearance:
    """What is seen of all images of all splits.

    Attributes:
        published: the data set.
        low, high: the darkest and the brightest pixel of all.
        typical: the difference of brightest and darkest pixel in an image, the median of all.
        flat: images of one colour.
        count: images.
        alike: whether all are the same image.
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
        """Looks at every pixel."""
        first = published.train.images[0]
        parts = [
            split.images[start : start + STEP]
            for split in published.splits.values()
            for start in range(0, len(split), STEP)
        ]
        lows, highs = (np.concatenate([find(part, axis=(1, 2, 3)) for part in parts]) for find in (np.min, np.max))
        # An image of one colour may have three different channels.
        flat = sum(int((part == part[:, :1, :1]).all(axis=(1, 2, 3)).sum()) for part in parts)
        typical = float(np.median(highs.astype(int) - lows))
        alike = all((part == first).all() for part in parts)
        return cls(published, int(lows.min()), int(highs.max()), typical, flat, len(lows), alike)

    @property
    def line(self) -> str:
        """The whole appearance in one line."""
        reading = self.published.reading
        flat = f"{self.flat:,} of {self.count:,} images ({self.flat / self.count:.1%}) of one colour"
        cut = reading.levels.remarks(reading.span) if reading.levels and reading.span else ()
        return "; ".join(
            [f"pixels {_range(self.low, self.high)} of 255{self._in_the_files}", flat, *reading.remarks, *cut]
        )

    @property
    def refusal(self) -> str | None:
        """Why nothing can be learned from these images, and the cure; None where something can."""
        low, high = self._stored
        if low == high:
            cure = self.published.reading.flat_cure or "Do the files hold what they should?"
            return f"all {self.count:,} images are of one colour, {self.low} of 255; expected something to see. {cure}"
        if self.low == self.high or (self.high - self.low < FAINT and not self._meant):
            return (
                f"pixels {_range(self.low, self.high)} of 255{self._in_the_files}; "
                f"expected a range of {FAINT} at least, "
                f"or nothing is seen. {self._contrast_cure}"
            )
        return None

    @property
    def warnings(self) -> Iterator[str]:
        """What is odd, each with the cure."""
        if self.alike and self.count > 1:
            yield f"all {self.count:,} images are the same"
        elif self.flat > MANY_FLAT * self.count:
            cure = self.published.reading.flat_cure or "Are they meant to be there?"
            yield f"{self.flat:,} of {self.count:,} images are of one colour. {cure}"
        if self.typical < DIM and not self._meant:
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
    def _meant(self) -> bool:
        levels = self.published.reading.levels
        return levels is not None and levels.told

    @property
    def _contrast_cure(self) -> str:
        if self.published.reading.levels is None:
            return "Let the source give 0 to 255"
        if self._meant:
            return f"Say otherwise what is black and white: {levels_cure(self._stored, both=True)}"
        return (
            f"Say what is white: {levels_cure(self._stored)}. Or, if they are meant to look so: dataset.source.black=0"
        )


def _range(low: float, high: float) -> str:
    return f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"
