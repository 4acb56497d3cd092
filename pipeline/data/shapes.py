"""A source of images that are drawn: a shape in each size, at each angle and place, in each colour."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from pipeline.config.values import Count
from pipeline.data.factors import Factor
from pipeline.data.images import Split
from pipeline.data.pixel_memory import pixel_memory
from pipeline.data.source import Published
from pipeline.data.splits import TestShare, set_test_aside
from pipeline.errors import InputError

SAMPLES = 8
"""Points along each side of a pixel, of which the share inside the shape is the pixel's value."""

REACH = 0.25
"""Distance of the farthest point of the largest shape from its centre, as a share of the image's side."""

SMALLEST = 0.5
"""Size of the smallest shape, as a share of the largest."""

ARC = math.pi / 2
"""Radians from the first angle to the last. Two of the shapes look the same after half a turn."""

HUES = 2 / 3
"""Part of the circle of hues from the first colour to the last, red to blue."""

LARGEST = 2**32
"""Bytes of images that are drawn at most."""

Side = Annotated[int, Field(strict=True, ge=8, le=512, examples=[32])]
"""Height and width of an image, pixels."""


def _rectangle(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(x), 2 * np.abs(y)) <= 2 / math.sqrt(5)


def _ellipse(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return x**2 + (2 * y) ** 2 <= 1


def _heart(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    x, y = 1.3 * x, -1.3 * y  # the lobes reach 1.29, and rows count downwards
    return (x**2 + y**2 - 1) ** 3 <= x**2 * y**3


SHAPES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "rectangle": _rectangle,
    "ellipse": _ellipse,
    "heart": _heart,
}
"""Whether points are inside of each shape, which lies in the unit circle and touches it nearly."""


@dataclass(frozen=True, kw_only=True)
class Shapes:
    """Shapes on black, as those of dSprites (Matthey et al. 2017), every combination of the factors once.

    The values of a factor have equal distances: sizes from half of the largest to the largest, which reaches a quarter
    of the side from its centre, angles over a right angle, centres as far as the largest shape stays inside of the
    image. There each centre is rounded to an eighth of a pixel. A factor of one value has that in the middle.

    Attributes:
        side: height and width of an image, pixels.
        sizes, angles, x, y: numbers of values of these factors.
        colours: number of colours, of images with three channels; null for white ones in one channel.
        test: the share of images that becomes the test split.
    """

    side: Side
    sizes: Count
    angles: Count
    x: Count
    y: Count
    colours: Count | None
    test: TestShare

    @property
    def factors(self) -> tuple[Factor, ...]:
        """The factors of variation; the images are in the order of their values, the last changing fastest."""
        ordered = {"size": self.sizes, "angle": self.angles, "x": self.x, "y": self.y}
        colour = (Factor("colour", self.colours),) if self.colours else ()
        return (Factor("shape", len(SHAPES), ordered=False), *(Factor(*each) for each in ordered.items()), *colour)

    @property
    def radii(self) -> np.ndarray:
        """The distance of the farthest point of the shape from its centre for each size, pixels, [sizes]."""
        return self.side * REACH * _even(SMALLEST, 1, self.sizes)

    @property
    def turns(self) -> np.ndarray:
        """The angle by which the shape is turned clockwise for each value of `angle`, radians, [angles]."""
        return _even(-ARC / 2, ARC / 2, self.angles)

    def centres(self, number: int) -> np.ndarray:
        """The coordinates of the centre from the left or upper edge for so many values, pixels, [number]."""
        return np.round(_even(REACH, 1 - REACH, number) * self.side * SAMPLES) / SAMPLES

    def read(self, directory: Path | None) -> Published:
        """Both splits, uint8 [N, side, side, 1 or 3]; the directory is not used.

        Raises:
            InputError: the images are too many, or two of them are the same.
        """
        numbers = [factor.number for factor in self.factors]
        channels = 3 if self.colours else 1
        if math.prod(numbers) * self.side**2 * channels > LARGEST:
            raise InputError(
                f"dataset.source: {' · '.join(map(str, numbers))} combinations are {math.prod(numbers):,} images of "
                f"{self.side}x{self.side}x{channels}; expected at most {LARGEST / 2**30:.0f} GB. Lower the number of "
                "values of a factor, or dataset.source.side"
            )
        images = pixel_memory((math.prod(numbers), self.side, self.side, channels))
        self._draw(images.reshape(*numbers[:5], -1, self.side, self.side, channels))
        self._check_distinct(images)
        values = np.stack(np.unravel_index(np.arange(len(images)), numbers), axis=1).astype(np.int64)
        whole = Split(images, values[:, 0], values)
        train, test = set_test_aside(whole.labels, self.test, "drawn shapes")
        return Published(whole.take(train), whole.take(test), tuple(SHAPES), "shapes drawn here", factors=self.factors)

    def _draw(self, images: np.ndarray) -> None:
        """Fill images, uint8 [shapes, sizes, angles, x, y, colours, side, side, channels]."""
        colours = _colours(self.colours)
        choices = product(SHAPES.values(), self.radii, self.turns)
        for place, (inside, radius, turn) in zip(np.ndindex(images.shape[:3]), choices, strict=True):
            grey = self._placed(inside, radius, turn)[:, :, None, :, :, None]
            images[place] = np.rint(255 * grey * colours[:, None, None, :])

    def _placed(self, inside: Callable[[np.ndarray, np.ndarray], np.ndarray], radius: float, turn: float) -> np.ndarray:
        """The share of each pixel that the shape covers, at each place of its centre, [x, y, side, side].

        Sums over all points left of and above a point are differences away from sums over any pixel of any place.
        """
        reach = math.ceil(radius * SAMPLES)
        points = (np.arange(-reach, reach) + 0.5) / (radius * SAMPLES)
        across, down = np.meshgrid(points, points)
        cosine, sine = math.cos(turn), math.sin(turn)
        sums = np.zeros((2 * reach + 1, 2 * reach + 1))
        sums[1:, 1:] = (
            inside(cosine * across + sine * down, cosine * down - sine * across).cumsum(axis=0).cumsum(axis=1)
        )
        edges = SAMPLES * np.arange(self.side + 1)
        columns, rows = (
            np.clip(edges - np.rint(SAMPLES * self.centres(number)).astype(int)[:, None] + reach, 0, 2 * reach)
            for number in (self.x, self.y)
        )
        corners = sums[rows[None, :, :, None], columns[:, None, None, :]]
        return np.diff(np.diff(corners, axis=-1), axis=-2) / SAMPLES**2

    def _check_distinct(self, images: np.ndarray) -> None:
        """Refuse images [N, side, side, channels] of which two are the same."""
        different = len({hashlib.blake2b(image, digest_size=16).digest() for image in images})
        if different < len(images):
            raise InputError(
                f"dataset.source: of {len(images):,} combinations {len(images) - different:,} look like another in "
                f"{self.side}x{self.side} pixels; expected images that differ. Raise dataset.source.side, or lower the "
                "number of values of a factor"
            )


def _colours(number: int | None) -> np.ndarray:
    """Red, green and blue of each colour in [0, 1], [number, 3], or white [1, 1]; hues at equal distances."""
    if number is None:
        return np.ones((1, 1))
    sixths = 6 * _even(0, HUES, number)[:, None]
    return np.clip(2 - np.abs((sixths - np.array([0, 2, 4]) + 3) % 6 - 3), 0, 1)


def _even(low: float, high: float, number: int) -> np.ndarray:
    """Numbers at equal distances from low to high, as many as asked for; a single one lies halfway."""
    return np.linspace(low, high, number) if number > 1 else np.array([(low + high) / 2])
