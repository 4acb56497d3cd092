"""How published images become the splits of an experiment: some classes, some of the images, a validation part."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from pipeline.data.images import Split
from pipeline.data.stream import shuffled
from pipeline.errors import InputError

TestShare = Annotated[float, Field(gt=0, lt=1, examples=[0.2])]
"""Part of the images that is set aside as the test split, where the data set comes without one."""


NAMED = 10
"""Classes that a message lists."""


def only_classes(split: Split, names: tuple[str, ...], expected: tuple[str, ...], origin: str) -> Split:
    """The images of the expected classes, in their order, with labels that index `expected` instead of `names`.

    Raises:
        InputError: an expected class has no image.
    """
    renumbered = np.full(len(names), -1)
    renumbered[[names.index(name) for name in expected]] = np.arange(len(expected))
    labels = renumbered[split.labels]
    counts = np.bincount(labels[labels >= 0], minlength=len(expected))
    if not counts.all():
        empty = ", ".join(name for name, count in zip(expected, counts, strict=True) if not count)
        found = [names[label] for label in np.unique(split.labels)]
        raise InputError(
            f"dataset.classes: {origin} holds no image of: {empty}. Leave it out of dataset.classes; images there are "
            f"of {_some(found)}"
        )
    kept = np.flatnonzero(labels >= 0)
    return Split(split.images[kept], labels[kept])


def at_most(split: Split, limit: int | None, seed: int, part: str) -> Split:
    """A random subset of `limit` images in random order, or all of them as they stand.

    A smaller limit gives the beginning of what a larger one gives.
    """
    if limit is None or len(split) <= limit:
        return split
    return split.take(shuffled(len(split), seed, f"limit {part}")[:limit])


def set_validation_aside(train: Split, validation: float | int, seed: int) -> tuple[Split, Split]:
    """What is left to train on, and the validation split: disjoint, together `train`, both in its order.

    Args:
        validation: an integer is a number of images, a float a share of them (rounded, at least one image).

    Raises:
        InputError: no image would be left to train on.
    """
    count = validation if isinstance(validation, int) else max(1, round(validation * len(train)))
    if count >= len(train):
        # Of two images, a tenth is one.
        cure = "expected fewer, for example dataset.validation=0.1"
        if len(train) == 1:
            cure = "validate by the test images instead: dataset.validation=test"
        raise InputError(
            f"dataset.validation={validation}: takes {count:,} of {len(train):,} training images and leaves none to "
            f"train on; {cure}. Or raise dataset.limit, if you set it"
        )
    order = shuffled(len(train), seed, "validation")
    return train.take(np.sort(order[count:])), train.take(np.sort(order[:count]))


def joined(first: Split, second: Split) -> Split:
    """The images of both, in this order."""
    return Split(np.concatenate([first.images, second.images]), np.concatenate([first.labels, second.labels]))


def set_test_aside(labels: np.ndarray, share: float, origin: str) -> tuple[np.ndarray, np.ndarray]:
    """Positions to train on and positions to test on, each in random order, for a data set without a test split.

    The share is taken of every class, or of all images where no class has two; and by no seed of the user's: all
    experiments are judged on the same images.

    Raises:
        InputError: there are too few images for both.
    """
    if len(labels) < 2:
        raise InputError(
            f"{origin}: holds {len(labels)} images; expected at least one to train on and one to test on. Add images"
        )
    drawn = shuffled(len(labels), 0, "test")
    tested = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = drawn[labels[drawn] == label]
        tested[members[: _share_of(len(members), share)]] = True
    if not tested.any():
        tested[drawn[: _share_of(len(drawn), share)]] = True
    # Not in the order drawn: its beginning is all test, so what is left of it is uneven.
    order = shuffled(len(labels), 0, "order")
    return order[~tested[order]], order[tested[order]]


def _share_of(number: int, share: float) -> int:
    """Rounded, but neither all nor nothing where there are two or more."""
    return min(max(round(share * number), 1), number - 1)


def _some(names: Sequence[str]) -> str:
    """The first few names."""
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED:,} more" if len(names) > NAMED else "")
