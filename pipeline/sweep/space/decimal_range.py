"""Even steps as a person would write them: in decimal arithmetic, in which 0.1 + 0.3 + 0.3 is 0.7."""

from decimal import Decimal
from math import ceil, isfinite
from random import shuffle

from hydra.core.override_parser.types import RangeSweep


def evenly(low: float, step: float, number: int) -> list[int | float]:
    """The first so many numbers of an even sequence from the lowest on."""
    return [float(Decimal(repr(low)) + index * Decimal(repr(step))) for index in range(number)]


def steps_of(values: RangeSweep) -> list[int | float]:
    """The numbers of a range, whose end is not one of them.

    Raises:
        ValueError: there are none, or no end of them.
    """
    start, stop, step = values.start, values.stop, values.step
    assert start is not None
    assert stop is not None
    if not step or not all(map(isfinite, (start, stop, step))):
        raise ValueError("that range has no end; expected range(a, b, step) with a step that leads from a to b")
    if isinstance(start, int) and isinstance(stop, int) and isinstance(step, int):
        listed: list[int | float] = list(range(start, stop, step))
    else:
        first, end, by = (Decimal(repr(each)) for each in (start, stop, step))
        listed = evenly(start, step, max(0, ceil((end - first) / by)))
    if not listed:
        raise ValueError("that range is empty; its end is not one of its values")
    if values.shuffle:
        shuffle(listed)
    return listed
