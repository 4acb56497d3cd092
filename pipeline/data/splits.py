"""Splits: published images reduced to some classes and a limit, and divided for training, validation and test."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from pipeline.data.images import Split
from pipeline.data.pixel_memory import pixel_memory
from pipeline.data.random_stream import random_order
from pipeline.errors import InputError

TestShare = Annotated[float, Field(gt=0, lt=1, examples=[0.2])]
"""Part of the images that becomes the test split, where the data set has none."""

NAMED = 10
"""Classes that a message lists; more would hide its end."""


def only_classes(split: Split, names: tuple[str, ...], kept: tuple[str, ...], origin: str) -> Split:
    """The images of the kept classes, in their order, with labels that index `kept` instead of `names`.

    Args:
        split: images with labels that index `names`.
        names: all class names.
        kept: the class names to keep.
        origin: of the images, for messages.

    Raises:
        InputError: a kept class has no image.
    """
    renumbered = np.full(len(names), -1)
    renumbered[[names.index(name) for name in kept]] = np.arange(len(kept))
    labels = renumbered[split.labels]
    counts = np.bincount(labels[labels >= 0], minlength=len(kept))
    if not counts.all():
        empty = ", ".join(name for name, count in zip(kept, counts, strict=True) if not count)
        found = [names[label] for label in np.unique(split.labels)]
        raise InputError(
            f"dataset.classes: {origin} holds no image of: {empty}; expected classes with images, which are: "
            f"{_some(found)}. Remove the others from dataset.classes"
        )
    chosen = split.take(np.flatnonzero(labels >= 0))
    return Split(chosen.rows, renumbered[chosen.labels], chosen.factors)


def at_most(split: Split, limit: int | None, seed: int, part: str) -> Split:
    """A random subset of `limit` images in random order, or all images in their order if there are not more.

    A smaller limit gives the beginning of what a larger one gives.

    Args:
        split: to choose from.
        limit: number of images; None for all.
        seed: of the choice.
        part: name of the split, so that each split has a choice of its own.
    """
    if limit is None or len(split) <= limit:
        return split
    return split.take(random_order(len(split), seed, f"limit {part}")[:limit])


def set_validation_aside(train: Split, validation: float | int, seed: int) -> tuple[Split, Split]:
    """The training and the validation split: disjoint, together `train`, both in its order.

    Args:
        train: to be divided.
        validation: an integer is a number of images, a float a share of them (rounded, at least one image).
        seed: of the choice of validation images.

    Raises:
        InputError: no image would be left for training.
    """
    count = validation if isinstance(validation, int) else max(1, round(validation * len(train)))
    if count >= len(train):
        # A tenth of two images is rounded up to one, so that the first cure fails for a single image only.
        cure = "expected fewer. Set, for example, dataset.validation=0.1"
        if len(train) == 1:
            cure = "expected two training images at least. Set dataset.validation=test to validate on the test images"
        raise InputError(
            f"dataset.validation={validation}: takes {count:,} of {len(train):,} training images and leaves none for "
            f"training; {cure}. Or raise dataset.limit, if it is set"
        )
    order = random_order(len(train), seed, "validation")
    return train.take(np.sort(order[count:])), train.take(np.sort(order[:count]))


def joined(first: Split, second: Split) -> Split:
    """The images of both splits, those of `first` before those of `second`."""
    images = pixel_memory((len(first) + len(second), *first.rows.shape[1:]))
    first.rows.copied_to(images[: len(first)])
    second.rows.copied_to(images[len(first) :])
    factors = None if first.factors is None else np.concatenate([first.factors, second.factors])
    return Split(images, np.concatenate([first.labels, second.labels]), factors)


def set_test_aside(labels: np.ndarray, share: float, origin: str) -> tuple[np.ndarray, np.ndarray]:
    """Positions of training and of test images, int [n] each in random order, for a data set without a test split.

    The share is taken of every class, or of all images where no class has two. No setting seeds the choice, so that all
    experiments have the same test images.

    Args:
        labels: int [N].
        share: of the images that become the test split.
        origin: of the images, with which the message begins.

    Raises:
        InputError: there are too few images for both splits.
    """
    if len(labels) < 2:
        raise InputError(
            f"{origin}: holds {len(labels)} images; expected at least one for training and one for the test. Add images"
        )
    drawn = random_order(len(labels), 0, "test")
    tested = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = drawn[labels[drawn] == label]
        tested[members[: _share_of(len(members), share)]] = True
    if not tested.any():
        tested[drawn[: _share_of(len(drawn), share)]] = True
    # A second order, because the beginning of the first became the test split, so that the rest is uneven.
    order = random_order(len(labels), 0, "order")
    return order[~tested[order]], order[tested[order]]


def _share_of(number: int, share: float) -> int:
    """A share of a number, rounded, but neither all nor nothing of two or more."""
    return min(max(round(share * number), 1), number - 1)


def _some(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED:,} more" if len(names) > NAMED else "")
