"""One image file, as pixels of a given size."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from pydantic import Field

from pipeline.data.deep import is_deep, sixteen_bits
from pipeline.data.levels import Levels, Span, span_of
from pipeline.data.listing import fault
from pipeline.errors import InputError

Grey = Annotated[int, Field(strict=True, ge=0, le=255)]

Background = Annotated[Literal["black", "white"] | Grey, Field(examples=["white"])]
"""What transparent parts are laid on: black, white or a grey value from 0 to 255."""

DEEP = 65535.0
"""White in images of 16 bits a channel."""


class UnreadableError(InputError):
    """A file that is no image, or cannot be read as one. Its text is the reason."""


class UnscaledError(InputError):
    """An image of 32 bits a pixel, for which nobody says what is white.

    Attributes:
        span: its least and largest value.
    """

    def __init__(self, span: Span) -> None:
        super().__init__(f"it has 32 bits a pixel, with values from {span[0]:g} to {span[1]:g}, and no known white")
        self.span = span


@dataclass(frozen=True)
class Facts:
    """What else is to be known of an image that was read.

    Attributes:
        span: the least and the largest value stored, where they are not the pixels' own.
        transparent: whether there was something to be laid on the background.
        left_out: further pages or frames.
    """

    span: Span | None
    transparent: bool
    left_out: int


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """How image files become pixels: as they are meant to be seen.

    They are turned as their EXIF orientation says, and resized with Lanczos' filter, which averages when shrinking; the
    sides' proportion is not kept. Of pages and frames the first is taken.

    Attributes:
        height, width, channels: of the result.
        background: what transparent parts are laid on.
        levels: what is black and white; where nobody says, what the file's kind of number can hold at most.
    """

    height: int
    width: int
    channels: int
    background: Background
    levels: Levels

    def read(self, path: Path) -> tuple[np.ndarray, Facts]:
        """The image in the file, uint8 [height, width, channels].

        Raises:
            UnreadableError: it is no image, damaged, or cannot be opened.
            UnscaledError: it has 32 bits a pixel, and the levels do not say what is white.
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
        """The image with 8 bits a channel, levels applied, and the span of what was stored if that was another."""
        deep = is_deep(opened)
        if deep and self.levels.told:
            with Image.open(path) as again:
                return self._levelled(sixteen_bits(opened, again), DEEP)
        picture = ImageOps.exif_transpose(opened)
        if picture.mode.startswith(("I", "F")):
            # convert("L") would clip everything above 255 to white
            return self._levelled(np.asarray(picture), self._limit(picture, opened.format))
        if picture.mode == "LAB":
            picture = picture.convert("RGB")  # there is no way from it to grey
        if self.levels.told:
            colours = "RGBA" if picture.has_transparency_data else "L" if picture.mode in ("1", "L") else "RGB"
            return self._levelled(np.asarray(picture.convert(colours)), 255.0)
        # Only the upper 8 of 16 bits are known: with the most that the lower ones can add.
        return picture, (0.0, span_of(np.asarray(picture)[..., :3])[1] * 256 + 255) if deep else None

    def _levelled(self, values: np.ndarray, limit: float) -> tuple[Image.Image, Span]:
        """An image of the values [H, W] or [H, W, C], of which a fourth channel is alpha."""
        colours = values[..., :3] if values.ndim == 3 else values
        span = span_of(colours)
        if not np.isfinite(span).all():
            raise UnreadableError("it holds values that are not finite numbers")
        pixels = self.levels.pixels(colours, limit)
        if values.ndim == 3 and values.shape[2] == 4:
            alpha = np.rint(values[..., 3:] * (255 / limit)).astype(np.uint8)
            pixels = np.concatenate([pixels, alpha], axis=2)
        return Image.fromarray(pixels), span

    def _limit(self, picture: Image.Image, kind: str | None) -> float:
        """The largest value that an image of one wide channel can hold."""
        # Pillow itself scales what PPM files hold to 16 bits.
        if picture.mode.startswith("I;16") or kind == "PPM":
            return DEEP
        if self.levels.white is None:
            raise UnscaledError(span_of(np.asarray(picture)))
        return float("inf")

    def _flattened(self, picture: Image.Image) -> Image.Image:
        """Without transparency."""
        if not picture.has_transparency_data:
            return picture
        seen = picture.convert("RGBA")
        grey = self.background if isinstance(self.background, int) else {"black": 0, "white": 255}[self.background]
        return Image.alpha_composite(Image.new("RGBA", seen.size, (grey, grey, grey, 255)), seen).convert("RGB")


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "its content is of no known kind"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
