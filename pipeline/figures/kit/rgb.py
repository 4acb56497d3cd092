"""Images of any accepted kind as RGB bytes, and at any size."""

import numpy as np

from pipeline.figures.kit.style import BROKEN

AT_ONCE = 64  # images that are resized together: as floating point all of them would take many times their memory


def as_pixels(images: np.ndarray, axes: str = "N") -> np.ndarray:
    """Images as uint8 [..., H, W, 3].

    Args:
        images: uint8, or floating point in [0, 1] (values beyond are clipped; not-a-number turns magenta), with one
            channel (grey) or three (RGB), shaped as `axes` followed by H, W, C.
        axes: a letter for each leading axis, as it should read in the error.
    """
    images = np.asarray(images)
    if images.ndim != len(axes) + 3 or images.shape[-1] not in (1, 3) or images.size == 0:
        expected = ", ".join([*axes, "H", "W", "1 or 3"])
        raise ValueError(f"images have shape {list(images.shape)}; expected [{expected}], at least one image")
    pixels: np.ndarray = images if images.dtype == np.uint8 else _quantise(images)
    return np.asarray(np.broadcast_to(pixels, (*pixels.shape[:-1], 3)))


def as_pairs(images: np.ndarray, reconstructions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Images and their reconstructions as pixels; refuses two different shapes."""
    if np.shape(images) != np.shape(reconstructions):
        raise ValueError(
            f"images have shape {list(np.shape(images))} but reconstructions {list(np.shape(reconstructions))}; "
            "expected the same [N, H, W, C] for both"
        )
    return as_pixels(images), as_pixels(reconstructions)


def size_within(images: np.ndarray, height: int, width: int) -> tuple[int, int]:
    """The largest height and width of this shape within these."""
    scale = min(height / images.shape[1], width / images.shape[2])
    return max(1, round(images.shape[1] * scale)), max(1, round(images.shape[2] * scale))


def resized(images: np.ndarray, height: int, width: int) -> np.ndarray:
    """Images [N, H, W, 3] as [N, height, width, 3]; each pixel of the result is the mean of what it covers."""
    down, across = _overlaps(images.shape[1], height), _overlaps(images.shape[2], width)
    parts = (images[start : start + AT_ONCE] for start in range(0, len(images), AT_ONCE))
    contiguous = (part.astype(np.float32, order="C") for part in parts)  # grey pixels are three views of one channel
    means = (np.einsum("hy,nyxc,wx->nhwc", down, part, across, optimize=True) for part in contiguous)
    return np.concatenate([np.rint(part).astype(np.uint8) for part in means])


def _quantise(images: np.ndarray) -> np.ndarray:
    if not np.issubdtype(images.dtype, np.floating):
        raise ValueError(f"images are {images.dtype}; expected uint8, or floating point in [0, 1]")
    pixels: np.ndarray = np.rint(np.clip(np.nan_to_num(images), 0, 1) * 255).astype(np.uint8)
    broken = np.isnan(images).any(axis=-1)
    if not broken.any():
        return pixels
    pixels = np.broadcast_to(pixels, (*pixels.shape[:-1], 3)).copy()
    pixels[broken] = BROKEN
    return pixels


def _overlaps(size: int, new: int) -> np.ndarray:
    """Shares [new, size] that each of `size` pixels has in each of the `new` ones laid over the same length."""
    edges = np.linspace(0, size, new + 1, dtype=np.float32)
    start, pixel = edges[:-1, None], np.arange(size)
    covered = np.minimum(edges[1:, None], pixel + 1) - np.maximum(start, pixel)
    return np.asarray(np.maximum(covered, 0) * new / size, np.float32)
