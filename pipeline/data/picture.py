"""One image file, as pixels of a given size."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from pipeline.errors import InputError

WIDE = ("I", "F")
"""Pillow's modes of 32 bits a pixel, for which nobody says what is white."""


def read_picture(path: Path, *, height: int, width: int, channels: int) -> np.ndarray:
    """The image as it is meant to be seen, uint8 [height, width, channels].

    Turned as its EXIF orientation says, transparent parts on black, 16 bits cut to 8, an animation's first picture.
    Resized with Lanczos' filter, which averages when shrinking; the sides' proportion is not kept.

    Raises:
        InputError: the file is not an image, damaged, or of a kind without a known white.
    """
    try:
        with Image.open(path) as opened:
            picture = _flattened(ImageOps.exif_transpose(opened), path)
        picture = picture.convert("L" if channels == 1 else "RGB").resize((width, height), Image.Resampling.LANCZOS)
    except InputError:
        raise
    except Exception as error:  # Pillow's decoders raise nearly anything on damaged files
        raise InputError(
            f"{path}: cannot be read as an image ({_reason(error, path)}); wanted PNG, JPEG or another format "
            f"that Pillow reads. Remove or replace the file"
        ) from error
    return np.asarray(picture).reshape(height, width, channels)


def _flattened(picture: Image.Image, path: Path) -> Image.Image:
    """8 bits a channel, without transparency."""
    if picture.mode in WIDE:
        raise InputError(f"{path}: has 32 bits a pixel (mode {picture.mode}); wanted 8 or 16. Save it as an 8-bit PNG")
    if picture.mode.startswith("I;16"):
        # convert("L") would clip everything above 255 to white
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if picture.has_transparency_data:
        seen = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", seen.size, "black"), seen).convert("RGB")
    return picture


def _reason(error: Exception, path: Path) -> str:
    return "its content is of no known kind" if str(path) in str(error) else str(error) or type(error).__name__
