"""Sources of images: the interface of a source, and the checks that hold for every data set."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import numpy as np

from pipeline.data.factors import Factor, check_factors
from pipeline.data.image_rows import ImageRows
from pipeline.data.images import Split
from pipeline.data.levels import Levels, Span, joint, span_of
from pipeline.errors import InputError

Part = Literal["train", "validation", "test"]
"""A split as published."""


@dataclass(frozen=True)
class Reading:
    """How a source read its pixels, for messages about them.

    Attributes:
        span: the least and the largest value stored; None where the stored values are the pixels.
        levels: the keys `black` and `white` of the source; None where the source has none.
        remarks: a phrase for everything that was left out or changed.
        flat_cure: a cure for images of one colour.
    """

    span: Span | None = None
    levels: Levels | None = None
    remarks: tuple[str, ...] = ()
    flat_cure: str = ""


@dataclass(frozen=True)
class Published:
    """A data set as its authors divided it.

    Attributes:
        train, test: splits of equally shaped images of 1 or 3 channels.
        class_names: the name of the class of each label; there may be classes without an image.
        origin: the file or folder that was read, with which messages begin.
        validation: a split like these, where the authors have published one.
        reading: how the source read the pixels.
        factors: the factors of variation whose values the splits have; none where they are not known.

    Raises:
        InputError: no images, images of different shapes or other channels, labels without a class name, or values of
            factors that the data set does not have.
    """

    train: Split
    test: Split
    class_names: tuple[str, ...]
    origin: str
    validation: Split | None = None
    reading: Reading = Reading()
    factors: tuple[Factor, ...] = ()

    def __post_init__(self) -> None:
        for part, split in self.splits.items():
            _check_images(split, f"{self.origin}, {part} split")
            check_labels(split.labels, len(self.class_names), f"{self.origin}, {part} split")
            check_factors(split.factors, self.factors, f"{self.origin}, {part} split")
            if self.train.rows.shape[1:] != split.rows.shape[1:]:
                raise InputError(
                    f"{self.origin}: training images are {shape_text(self.train.rows)}, {part} images "
                    f"{shape_text(split.rows)}; expected one shape. Take both from the same data set"
                )

    @property
    def splits(self) -> dict[Part, Split]:
        """The splits that there are, by name."""
        splits: dict[Part, Split] = {"train": self.train, "test": self.test}
        return splits if self.validation is None else {**splits, "validation": self.validation}


@runtime_checkable
class Source(Protocol):
    """A source reads a data set. A class with this method, named as `_target_` of `dataset.source`, is a new source."""

    def read(self, directory: Path | None) -> Published:
        """The whole data set in the folder or file `dataset.dir` (None where the user set none).

        Raises:
            InputError: the data set cannot be read; the message names the file, what was expected and the cure.
        """


@runtime_checkable
class SlowSource(Source, Protocol):
    """A source whose images are kept in the cache, because reading them takes long or much memory.

    A class is one if it also has this method. Its `repr`, as that of a dataclass, must tell all of its settings.
    """

    def files(self, directory: Path | None) -> Sequence[Path]:
        """The files that `read` reads the images from; none where reading them is quick.

        Raises:
            InputError: as `read` does, where the files cannot be found.
        """


def with_levels(published: Published, levels: Levels) -> Published:
    """The data set with the pixels that black and white of the source give."""
    if not levels.told:
        return replace(published, reading=Reading(levels=levels))
    span = joint([span_of(split.images) for split in published.splits.values()])
    splits = {part: each.with_images(levels.to_uint8(each.images, 255.0)) for part, each in published.splits.items()}
    return replace(published, **splits, reading=Reading(span, levels))  # type: ignore[arg-type]


def check_labels(labels: np.ndarray, classes: int, origin: str) -> None:
    """Refuse labels, int [N], that have no class name.

    Args:
        labels: to be checked.
        classes: number of class names.
        origin: of the labels, with which the message begins.

    Raises:
        InputError: a label that is negative, or not below the number of classes.
    """
    outside = labels[(labels < 0) | (labels >= classes)]
    if outside.size:
        raise InputError(
            f"{origin}: {outside.size:,} labels lie outside the {classes} class names, the first is {outside[0]}; "
            f"expected 0 to {classes - 1}. Check whether labels, images and class names are of the same data set"
        )


def shape_text(images: ImageRows) -> str:
    """The shape of one of the images as people write it, such as 28x28x1."""
    return "x".join(str(size) for size in images.shape[1:])


def _check_images(split: Split, origin: str) -> None:
    if not split.rows.nbytes:
        raise InputError(f"{origin}: holds no image ({list(split.rows.shape)}); expected at least one. Check the files")
    if split.rows.shape[-1] not in (1, 3):
        raise InputError(
            f"{origin}: images are {shape_text(split.rows)}; expected 1 channel (grey) or 3 (colour). Convert them"
        )
