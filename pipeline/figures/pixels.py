"""Images of any accepted kind as RGB bytes."""

import numpy as np

from pipeline.figures.style import BROKEN


def as_pixels(images: np.ndarray, axes: str = "N") -> np.ndarray:
    """Images as uint8 [..., H, W, 3].

    Args:
        images: uint8, or floating point in [0, 1] (values beyond are clipped; not-a-number turns magenta), with one
            channel (grey) or three (RGB), shaped as `axes` followed by H, W, C.
        axes: a letter for each leading axis, as it should read in the error.
    """
    images = np.asarray(images)
    if images.ndim != len(axes) + 3 or images.shape[-1] not in (1, 3) or images.size == 0:
        wanted = ", ".join([*axes, "H", "W", "1 or 3"])
        raise ValueError(f"images have shape {list(images.shape)}; wanted [{wanted}], at least one image")
    pixels: np.ndarray = images if images.dtype == np.uint8 else _quantise(images)
    return np.asarray(np.broadcast_to(pixels, (*pixels.shape[:-1], 3)))


def as_pairs(images: np.ndarray, reconstructions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Images and their reconstructions as pixels; refuses two different shapes."""
    if np.shape(images) != np.shape(reconstructions):
        raise ValueError(
            f"images have shape {list(np.shape(images))} but reconstructions {list(np.shape(reconstructions))}; "
            "wanted the same [N, H, W, C] for both"
        )
    return as_pixels(images), as_pixels(reconstructions)


def _quantise(images: np.ndarray) -> np.ndarray:
    if not np.issubdtype(images.dtype, np.floating):
        raise ValueError(f"images are {images.dtype}; wanted uint8, or floating point in [0, 1]")
    pixels: np.ndarray = np.rint(np.clip(np.nan_to_num(images), 0, 1) * 255).astype(np.uint8)
    broken = np.isnan(images).any(axis=-1)
    if not broken.any():
        return pixels
    pixels = np.broadcast_to(pixels, (*pixels.shape[:-1], 3)).copy()
    pixels[broken] = BROKEN
    return pixels
