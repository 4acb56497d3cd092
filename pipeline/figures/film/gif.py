"""Pictures one after the other as an animated GIF, all in one palette."""

import io
from collections.abc import Iterable, Sequence

import numpy as np
from PIL import Image

LEVELS, SIZE = 32, 256  # steps of each channel that the palette's table tells apart, and colours in the palette


class Palette:
    """256 colours for a whole film, so that nothing flickers from picture to picture.

    Args:
        pictures: uint8 [H, W, 3], examples of what the film shows.
        exact: uint8 [K, 3], colours that must come out as they are; the first 128 of them do.
    """

    def __init__(self, pictures: Sequence[np.ndarray], exact: np.ndarray) -> None:
        exact = exact[: SIZE // 2]
        examples = Image.fromarray(np.concatenate(pictures)).quantize(SIZE - len(exact), dither=Image.Dither.NONE)
        others = np.array(examples.getpalette(), np.uint8).reshape(-1, 3)[: SIZE - len(exact)]
        self.colors = np.concatenate([exact, others])
        step = 256 // LEVELS
        shades = np.moveaxis(np.indices((LEVELS, LEVELS, LEVELS)), 0, -1).reshape(-1, 3) * step + step / 2
        ours = self.colors.astype(np.float64)
        nearest = ((ours**2).sum(axis=1) - 2 * shades @ ours.T).argmin(axis=1)
        self._table = nearest.astype(np.uint8).reshape(LEVELS, LEVELS, LEVELS)
        self._table[tuple(exact.T // step)] = np.arange(len(exact))

    def indices(self, picture: np.ndarray) -> np.ndarray:
        """The picture [H, W, 3] as indices of colours, uint8 [H, W]."""
        red, green, blue = np.moveaxis(picture // (256 // LEVELS), -1, 0)
        return self._table[red, green, blue]


def gif(frames: Iterable[np.ndarray], palette: Palette, milliseconds: Sequence[int]) -> bytes:
    """A GIF that plays for ever: frames of indices [H, W], each shown so long (in steps of 10)."""
    pictures = [Image.fromarray(frame) for frame in frames]
    colors = palette.colors.tobytes()
    for picture in pictures:
        picture.putpalette(colors)
    buffer = io.BytesIO()
    rest, times = pictures[1:], list(milliseconds)
    pictures[0].save(buffer, "GIF", save_all=True, append_images=rest, duration=times, loop=0, palette=colors)
    return buffer.getvalue()
