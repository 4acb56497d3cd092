"""Arithmetic sequences are computed in decimal arithmetic, in which 0.1 + 0.3 + 0.3 is 0.7, as a person would write."""

from decimal import Decimal
from math import ceil, isfinite
from random import shuffle

from hydra.core.override_parser.types import RangeSweep


def arithmetic_sequence(first: float, step: float, length: int) -> list[int | float]:
    """Give the first numbers of the sequence first, first + step, first + 2 step, …"""
    return [float(Decimal(repr(first)) + index * Decimal(repr(step))) for index in range(length)]


def numbers_of(values: RangeSweep) -> list[int | float]:
    """List the numbers of Hydra's `range(start, stop, step)`, of which stop is not one.

    Raises:
        ValueError: the range is empty or infinite.
    """
    start, stop, step = values.start, values.stop, values.step
    assert start is not None
    assert stop is not None
    if not step or not all(map(isfinite, (start, stop, step))):
        raise ValueError("that range has no end; expected range(a, b, step) with a step that leads from a to b")
    if isinstance(start, int) and isinstance(stop, int) and isinstance(step, int):
        numbers: list[int | float] = list(range(start, stop, step))
    else:
        span = Decimal(repr(stop)) - Decimal(repr(start))
        numbers = arithmetic_sequence(start, step, max(0, ceil(span / Decimal(repr(step)))))
    if not numbers:
        raise ValueError("that range is empty; its end is not one of its values")
    if values.shuffle:
        shuffle(numbers)
    return numbers
