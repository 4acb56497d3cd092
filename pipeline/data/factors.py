"""Factors of variation: what the images of some data sets were made from, so that it is known of each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.errors import InputError


@dataclass(frozen=True)
class Factor:
    """A factor of variation of a data set.

    Attributes:
        name: such as `angle`.
        number: of the values that it takes, which are numbered from 0.
        ordered: whether its values are amounts, in ascending order, as sizes are; otherwise they are kinds, as shapes.
    """

    name: str
    number: int
    ordered: bool = True


def check_factors(values: np.ndarray | None, factors: Sequence[Factor], origin: str) -> None:
    """Refuse values of factors, int [N, F], that are not those of the factors.

    Args:
        values: of each image, a number for each factor; None where none are known.
        factors: that the data set has.
        origin: of the values, with which the message begins.

    Raises:
        InputError: values without a factor, factors without values, or a value that is not below the factor's number.
    """
    columns = 0 if values is None else values.shape[1]
    if columns != len(factors):
        raise InputError(f"{origin}: {columns} factors of each image; expected {len(factors)}, one for each factor")
    for factor, column in zip(factors, () if values is None else values.T, strict=True):
        outside = column[(column < 0) | (column >= factor.number)]
        if outside.size:
            raise InputError(
                f"{origin}: {outside.size:,} values of the factor {factor.name} lie outside its {factor.number}, the "
                f"first is {outside[0]}; expected 0 to {factor.number - 1}. Check that they are of these images"
            )


def factors_text(factors: Sequence[Factor]) -> str:
    """The factors as people write them, such as `shape (3), angle (8)`."""
    return ", ".join(f"{factor.name} ({factor.number})" for factor in factors)
