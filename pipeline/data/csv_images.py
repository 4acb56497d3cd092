"""CSV files of labelled images: one line for each image, its label first, then its pixels."""

import json
import math
import re
import shlex
import warnings
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from pipeline.data.images import Split
from pipeline.errors import InputError
from pipeline.places import python

CURE = "Replace it with the published file"


def read_table(path: Path) -> Split:
    """Square grey images, uint8 [N, S, S, 1], with labels, int64 [N], from a CSV file without a header.

    Pixels are in the file row by row.

    Raises:
        InputError: a value is not a whole number from 0 to 255, a line is cut short, the images are not square.
    """
    # NumPy's loadtxt names the line and the value that it cannot read; pandas takes as long and names neither.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "loadtxt: input contained no data")
        try:
            _refuse_what_pandas_adds(path)
            table = np.loadtxt(path, dtype=np.uint8, delimiter=",", comments=None, ndmin=2)
        except (ValueError, OSError) as error:
            raise InputError(
                f"{path}: {_place(error)}; expected whole numbers from 0 to 255 and no header. {CURE}"
            ) from error
    side = _side(table.shape[1] - 1)
    if not len(table) or not side:
        raise InputError(
            f"{path}: {len(table):,} lines of {table.shape[1]} values; expected a label and the pixels of a square "
            f"image on each line, such as 1 + 784. {CURE}"
        )
    images = table[:, 1:].reshape(-1, side, side, 1)  # a copy, freed of the label column
    return Split(images, table[:, 0].astype(np.int64))


def _refuse_what_pandas_adds(path: Path) -> None:
    """Refuse the line that names the columns and the column that numbers the lines."""
    with path.open(encoding="utf-8") as file:
        # The first three lines tell both: names, and below them two numbers to compare.
        lines = [line.rstrip("\r\n").split(",") for line in islice(file, 3)]
    named = len(lines) > 1 and _names_columns(lines[0])
    rows = lines[1:] if named else lines
    counted = len(rows) > 1 and _numbers_lines(rows)
    if not named and not counted:
        return
    added = {"a line that names the columns": named, "a column that numbers the lines": counted}
    found = " and ".join(part for part, there in added.items() if there)
    read = f"p, header={0 if named else None}, index_col={0 if counted else None}"
    program = f"p = {json.dumps(str(path))}; pd.read_csv({read}).to_csv(p, header=False, index=False)"
    raise InputError(
        f"{path}: has {found}; expected a label and the pixels of a square image on each line, such as "
        f"1 + 784, and no more. Write it with header=False, index=False:\n"
        f"  {python()} -c {shlex.quote(f'import pandas as pd; {program}')}"
    )


def _names_columns(first: Sequence[str]) -> bool:
    """Whether a first line names columns: with a text at either end, or with the number of each column."""
    if not _is_number(first[0]) or not _is_number(first[-1] or "0"):
        return True
    # No pixel is above 255, so that two such numbers in a row count columns.
    return first[-1].isdecimal() and int(first[-1]) > 255 and first[-2] == str(int(first[-1]) - 1)


def _numbers_lines(rows: Sequence[Sequence[str]]) -> bool:
    """Whether lines have one value too many for a square image, and the first value counts the lines."""
    values = len(rows[0])
    counts = all(row[0].isdecimal() for row in rows) and int(rows[1][0]) == int(rows[0][0]) + 1
    return counts and not _side(values - 1) and bool(_side(values - 2))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _side(pixels: int) -> int:
    """The side of a square image of this number of pixels; 0 where there is no such image."""
    side = math.isqrt(max(pixels, 0))
    return side if side * side == pixels else 0


def _place(error: Exception) -> str:
    """The mistake and its line, counted from 1. NumPy counts lines from 0 in its message about a value alone."""
    text = str(error).rstrip(".").partition("; use")[0]
    if found := re.search(r"string '(.*)' to uint8 at row (\d+), column (\d+)", text, re.DOTALL):
        return f"line {int(found[2]) + 1}, value {found[3]} is {found[1][:20]!r}"  # the beginning tells what it is
    return text.replace("at row", "at line")
