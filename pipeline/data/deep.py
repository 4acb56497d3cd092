"""Colour images of 16 bits a channel, of which Pillow on its own reads the upper 8."""

import re
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image, ImageOps

_DEEP = re.compile(r"(RGB[AX]?;16)([BLN])")
"""How Pillow calls the order of bytes in such a file: big end first, little end first, or as this machine has it."""

_OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}


def is_deep(opened: Image.Image) -> bool:
    """Whether an opened image that is not yet loaded has more than 8 bits in each of several channels."""
    return any(_DEEP.fullmatch(mode) or mode == "LA;16B" for mode in _raw_modes(opened))


def sixteen_bits(opened: Image.Image, again: Image.Image) -> np.ndarray:
    """All 16 bits, uint16 [H, W, C], turned as EXIF says, of a deep image that is opened twice and not yet loaded.

    The second time it is read as if its bytes were in the other order, so that the lower ones are taken for the upper.

    Raises:
        ValueError: Pillow cannot read this kind so.
    """
    again.tile = [tile._replace(args=_swapped(tile.args)) for tile in again.tile]  # type: ignore[attr-defined]
    upper, lower = (np.asarray(ImageOps.exif_transpose(each)).astype(np.uint16) for each in (opened, again))
    return (upper << 8) | lower


def _raw_modes(opened: Image.Image) -> Iterator[str]:
    for tile in getattr(opened, "tile", ()):
        mode = tile.args[0] if isinstance(tile.args, tuple) and tile.args else tile.args
        if isinstance(mode, str):
            yield mode


def _swapped(arguments: Any) -> Any:
    """A tile's arguments, of which the name of the order is all or the first, with the other order."""
    if isinstance(arguments, tuple):
        return _swapped(arguments[0]), *arguments[1:]
    found = _DEEP.fullmatch(arguments)
    if found is None:
        raise ValueError("it has 16 bits a channel, grey with transparency, of which only 8 can be read")
    return found[1] + _OTHER_ORDER[found[2]]
