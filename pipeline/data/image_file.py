"""An image file, read as uint8 pixels of a given size."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from pydantic import Field

from pipeline.data.bit_depth import is_sixteen_bit_colour, sixteen_bits
from pipeline.data.levels import Levels, Span, span_of
from pipeline.data.listing import fault
from pipeline.errors import InputError

Grey = Annotated[int, Field(strict=True, ge=0, le=255)]

Background = Annotated[Literal["black", "white"] | Grey, Field(examples=["white"])]
"""The colour behind transparent parts: black, white or a grey value from 0 to 255."""

WHITE_OF_16_BITS = 65535.0
"""The largest value, which is white, in images of 16 bits a channel."""


class UnreadableError(InputError):
    """A file that cannot be read as an image; the message is the reason."""


class UnscaledError(InputError):
    """An image of 32 bits a pixel, for which no setting says which value is white.

    Attributes:
        span: the least and the largest value of the image.
    """

    def __init__(self, span: Span) -> None:
        super().__init__(
            f"it has 32 bits a pixel, with values from {span[0]:g} to {span[1]:g}, and no setting of white"
        )
        self.span = span


@dataclass(frozen=True)
class Facts:
    """Facts about an image file beside its pixels.

    Attributes:
        span: the least and the largest value stored; None where the stored values are the pixels.
        transparent: whether the image has transparent parts.
        left_out: number of pages or frames beyond the first.
    """

    span: Span | None
    transparent: bool
    left_out: int


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """The conversion of image files into pixels, as the images are meant to be seen.

    An image is turned to its EXIF orientation, and resized with Lanczos' filter, which averages when shrinking; its
    aspect ratio is not kept. A file of several pages or frames gives the first.

    Attributes:
        height, width, channels: of the result, in pixels.
        background: the colour behind transparent parts.
        levels: black and white; without them white is the largest value that the file's kind of number can hold.
    """

    height: int
    width: int
    channels: int
    background: Background
    levels: Levels

    def read(self, path: Path) -> tuple[np.ndarray, Facts]:
        """The image in the file, uint8 [H, W, C], with facts about the file.

        Raises:
            UnreadableError: the file is no image, damaged, or cannot be opened.
            UnscaledError: the image has 32 bits a pixel, and the levels do not say which value is white.
        """
        if reason := fault(path) or ("it is empty" if not path.stat().st_size else None):
            raise UnreadableError(reason)
        try:
            with path.open("rb") as file, Image.open(file) as opened:
                left_out = getattr(opened, "n_frames", 1) - 1
                picture, span = self._eight_bits(opened, path)
        except InputError:
            raise
        except Exception as error:  # Pillow's decoders raise nearly anything on damaged files
            raise UnreadableError(_reason(error)) from error
        flat = self._flattened(picture).convert("L" if self.channels == 1 else "RGB")
        resized = flat.resize((self.width, self.height), Image.Resampling.LANCZOS)
        pixels = np.asarray(resized).reshape(self.height, self.width, self.channels)
        return pixels, Facts(span, picture.has_transparency_data, left_out)

    def _eight_bits(self, opened: Image.Image, path: Path) -> tuple[Image.Image, Span | None]:
        """The image with 8 bits a channel and levels applied, and the span of the stored values if these differ."""
        sixteen = is_sixteen_bit_colour(opened)
        if sixteen and self.levels.told:
            with Image.open(path) as again:
                return self._levelled(sixteen_bits(opened, again), WHITE_OF_16_BITS)
        picture = ImageOps.exif_transpose(opened)
        if picture.mode.startswith(("I", "F")):
            # Pillow's convert("L") would clip everything above 255 to white.
            return self._levelled(np.asarray(picture), self._limit(picture, opened.format))
        if picture.mode == "LAB":
            picture = picture.convert("RGB")  # Pillow cannot convert LAB to grey directly
        if self.levels.told:
            colours = "RGBA" if picture.has_transparency_data else "L" if picture.mode in ("1", "L") else "RGB"
            return self._levelled(np.asarray(picture.convert(colours)), 255.0)
        # Pillow has read only the upper 8 of 16 bits; the largest value is that with all lower bits set.
        return picture, (0.0, span_of(np.asarray(picture)[..., :3])[1] * 256 + 255) if sixteen else None

    def _levelled(self, values: np.ndarray, limit: float) -> tuple[Image.Image, Span]:
        """An image of values [H, W] or [H, W, C] with levels applied, and their span; a fourth channel is alpha."""
        colours = values[..., :3] if values.ndim == 3 else values
        span = span_of(colours)
        if not np.isfinite(span).all():
            raise UnreadableError("it holds values that are not finite numbers")
        pixels = self.levels.to_uint8(colours, limit)
        if values.ndim == 3 and values.shape[2] == 4:
            alpha = np.rint(values[..., 3:] * (255 / limit)).astype(np.uint8)
            pixels = np.concatenate([pixels, alpha], axis=2)
        return Image.fromarray(pixels), span

    def _limit(self, picture: Image.Image, kind: str | None) -> float:
        """The largest value that an image of one wide channel can hold."""
        # Pillow itself scales the values of PPM files to 16 bits.
        if picture.mode.startswith("I;16") or kind == "PPM":
            return WHITE_OF_16_BITS
        if self.levels.white is None:
            raise UnscaledError(span_of(np.asarray(picture)))
        return float("inf")

    def _flattened(self, picture: Image.Image) -> Image.Image:
        """The image on the background, without transparency."""
        if not picture.has_transparency_data:
            return picture
        seen = picture.convert("RGBA")
        grey = self.background if isinstance(self.background, int) else {"black": 0, "white": 255}[self.background]
        return Image.alpha_composite(Image.new("RGBA", seen.size, (grey, grey, grey, 255)), seen).convert("RGB")


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "its content is of no format that Pillow knows"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
