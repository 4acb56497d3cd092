"""What every source of images gives, and the checks that hold for all of them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import numpy as np

from pipeline.data.images import Split
from pipeline.data.levels import Levels, Span, joint, span_of
from pipeline.errors import InputError

Part = Literal["train", "validation", "test"]
"""A split as published."""


@dataclass(frozen=True)
class Reading:
    """How a source came to its pixels, for what is said of them.

    Attributes:
        span: the least and the largest value stored; None where these are the pixels' own.
        levels: the keys `black` and `white` of the source; None where it has none.
        remarks: what was left out or changed, a phrase each.
        flat_cure: what may give images of one colour their content.
    """

    span: Span | None = None
    levels: Levels | None = None
    remarks: tuple[str, ...] = ()
    flat_cure: str = ""


@dataclass(frozen=True)
class Published:
    """A data set as its authors divided it.

    Attributes:
        train, test: equally shaped images of 1 or 3 channels.
        class_names: what each label means; there may be classes without an image.
        origin: the file or folder that was read; messages begin with it.
        validation: like train and test, where the authors have chosen images to validate by.
        reading: how the source came to the pixels.
    """

    train: Split
    test: Split
    class_names: tuple[str, ...]
    origin: str
    validation: Split | None = None
    reading: Reading = Reading()

    def __post_init__(self) -> None:
        for part, split in self.splits.items():
            _check_images(split, f"{self.origin}, {part} split")
            check_labels(split.labels, len(self.class_names), f"{self.origin}, {part} split")
            if self.train.images.shape[1:] != split.images.shape[1:]:
                raise InputError(
                    f"{self.origin}: training images are {shape_text(self.train.images)}, {part} images "
                    f"{shape_text(split.images)}; expected one shape. Do both come from the same data set?"
                )

    @property
    def splits(self) -> dict[Part, Split]:
        """Those that there are."""
        splits: dict[Part, Split] = {"train": self.train, "test": self.test}
        return splits if self.validation is None else {**splits, "validation": self.validation}


@runtime_checkable
class Source(Protocol):
    """Reads one data set. A class with this one method, named as `_target_` of `dataset.source`, is a new source."""

    def read(self, directory: Path | None) -> Published:
        """The whole data set, found by `dataset.dir` (None when the user gave none).

        Raises:
            InputError: nothing usable is there; the message names the file, what was expected and the cure.
        """


def with_levels(published: Published, levels: Levels) -> Published:
    """The data set with black and white where the source's keys of these names say."""
    if not levels.told:
        return replace(published, reading=Reading(levels=levels))
    span = joint([span_of(split.images) for split in published.splits.values()])
    splits = {part: Split(levels.pixels(each.images, 255.0), each.labels) for part, each in published.splits.items()}
    return replace(published, **splits, reading=Reading(span, levels))  # type: ignore[arg-type]


def check_labels(labels: np.ndarray, classes: int, origin: str) -> None:
    """Refuses, with an `InputError`, labels that have no class name."""
    outside = labels[(labels < 0) | (labels >= classes)]
    if outside.size:
        raise InputError(
            f"{origin}: {outside.size:,} labels lie outside the {classes} class names, the first is {outside[0]}; "
            f"expected 0 to {classes - 1}. Do the labels belong to these images, and the class names to this data set?"
        )


def shape_text(images: np.ndarray) -> str:
    """Shape of one image as people write it, such as 28x28x1."""
    return "x".join(str(size) for size in images.shape[1:])


def _check_images(split: Split, origin: str) -> None:
    if not split.images.size:
        raise InputError(f"{origin}: holds no image ({list(split.images.shape)}); expected at least one")
    if split.images.shape[-1] not in (1, 3):
        raise InputError(f"{origin}: images are {shape_text(split.images)}; expected 1 channel (grey) or 3 (colour)")
