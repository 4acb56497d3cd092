"""Labelled images as a table of numbers: one line an image, its label first, then its pixels."""

import math
import re
import warnings
from pathlib import Path

import numpy as np

from pipeline.data.images import Split
from pipeline.errors import InputError

CURE = "Replace it with the published file"


def read_table(path: Path) -> Split:
    """Square grey images from a CSV file without a header, pixels row by row.

    Raises:
        InputError: a value is not a whole number from 0 to 255, a line is cut short, the images are not square.
    """
    # loadtxt reads line by line and says where it failed; pandas takes as long and says neither line nor value.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "loadtxt: input contained no data")
        try:
            table = np.loadtxt(path, dtype=np.uint8, delimiter=",", comments=None, ndmin=2)
        except (ValueError, OSError) as error:
            raise InputError(
                f"{path}: {_place(error)}; wanted whole numbers from 0 to 255 and no header. {CURE}"
            ) from error
    pixels = table.shape[1] - 1
    side = math.isqrt(max(pixels, 0))
    if not len(table) or side < 1 or side * side != pixels:
        raise InputError(
            f"{path}: {len(table):,} lines of {table.shape[1]} values; wanted a label and the pixels of a square image "
            f"on each line, such as 1 + 784. {CURE}"
        )
    images = table[:, 1:].reshape(-1, side, side, 1)  # a copy, freed of the label column
    return Split(images, table[:, 0].astype(np.int64))


def _place(error: Exception) -> str:
    """What is wrong on which line, counted from 1. NumPy counts from 0 when it speaks of a value, not of columns."""
    text = str(error).rstrip(".").partition("; use")[0]
    if found := re.search(r"string '(.*)' to uint8 at row (\d+), column (\d+)", text, re.DOTALL):
        return f"line {int(found[2]) + 1}, value {found[3]} is {found[1][:20]!r}"
    return text.replace("at row", "at line")
