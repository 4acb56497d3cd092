"""Colour images of 16 bits a channel, of which Pillow on its own reads only the upper 8."""

import re
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image, ImageOps

_RAW_MODE = re.compile(r"(RGB[AX]?;16)([BLN])")
"""Pillow's raw modes of 16 bits a channel; the last letter is the order of bytes: big-endian, little-endian, native."""

_OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
"""The opposite of each order of bytes."""


def is_sixteen_bit_colour(opened: Image.Image) -> bool:
    """Whether an opened image that is not yet loaded has more than 8 bits in each of several channels."""
    return any(_RAW_MODE.fullmatch(mode) or mode == "LA;16B" for mode in _raw_modes(opened))


def sixteen_bits(opened: Image.Image, again: Image.Image) -> np.ndarray:
    """All 16 bits of a colour image, uint16 [H, W, C], in its EXIF orientation.

    Pillow reads the upper byte of each value. Read as if its bytes were in the opposite order, the same image gives the
    lower bytes.

    Args:
        opened, again: the image, opened twice and not yet loaded.

    Raises:
        ValueError: an image of a kind that Pillow cannot read in the opposite order.
    """
    # Pillow's tiles are named tuples, whose public `_replace` is no private name.
    again.tile = [tile._replace(args=_swapped(tile.args)) for tile in again.tile]  # type: ignore[attr-defined]
    upper, lower = (np.asarray(ImageOps.exif_transpose(each)).astype(np.uint16) for each in (opened, again))
    return (upper << 8) | lower


def _raw_modes(opened: Image.Image) -> Iterator[str]:
    for tile in getattr(opened, "tile", ()):
        mode = tile.args[0] if isinstance(tile.args, tuple) and tile.args else tile.args
        if isinstance(mode, str):
            yield mode


def _swapped(arguments: Any) -> Any:
    """The arguments of a tile, whose raw mode is the first or the only one, with the opposite order of bytes."""
    if isinstance(arguments, tuple):
        return _swapped(arguments[0]), *arguments[1:]
    found = _RAW_MODE.fullmatch(arguments)
    if found is None:
        raise ValueError("it has 16 bits a channel, grey with transparency, of which only 8 can be read")
    return found[1] + _OTHER_ORDER[found[2]]
