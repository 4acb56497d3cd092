"""Pictures one after the other as an animated GIF, all in one palette, so that no colour flickers."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

COLOURS = 256
"""What a palette of GIF holds."""
CELL = 8
"""Neighbouring shades of a channel that become one, so that the table of colours is small and films compress well."""


def gif(pictures: Sequence[np.ndarray], milliseconds: Sequence[int], exact: np.ndarray) -> bytes:
    """An animated GIF that plays for ever.

    Args:
        pictures: uint8 [H, W, 3] each.
        milliseconds: that each picture is shown; GIF counts steps of 10.
        exact: uint8 [K, 3], colours that come out as they are; the first 128 of them do.
    """
    exact = exact[: COLOURS // 2]
    examples = np.concatenate([pictures[index] for index in (0, len(pictures) // 2, -1)])
    chosen = Image.fromarray(examples).quantize(COLOURS - len(exact), dither=Image.Dither.NONE).getpalette() or []
    palette = np.concatenate([exact, np.reshape(chosen, (-1, 3))])[:COLOURS].astype(np.uint8)
    colour_of = _nearest(palette.astype(np.float64))
    colour_of[tuple(exact.T // CELL)] = np.arange(len(exact))
    frames = [Image.fromarray(colour_of[tuple(np.moveaxis(picture // CELL, -1, 0))]) for picture in pictures]
    for frame in frames:
        frame.putpalette(palette.tobytes())
    file = io.BytesIO()
    times = list(milliseconds)
    frames[0].save(
        file, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0, palette=palette.tobytes()
    )
    return file.getvalue()


def _nearest(palette: np.ndarray) -> np.ndarray:
    """The index of the colour of a palette [K, 3] that is nearest to each cell of shades, uint8 [32, 32, 32]."""
    cells = np.moveaxis(np.indices((256 // CELL,) * 3), 0, -1) * CELL + CELL / 2
    return ((palette**2).sum(axis=1) - 2 * cells @ palette.T).argmin(axis=-1).astype(np.uint8)
