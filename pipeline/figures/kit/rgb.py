"""Images of any accepted kind as RGB bytes, and at any size."""

import numpy as np

from pipeline.figures.kit.style import BROKEN

RESIZED_TOGETHER = 64  # images; as floating point, all of them at once would take many times their memory


def as_rgb(images: np.ndarray, axes: str = "N") -> np.ndarray:
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
    quantised: np.ndarray = images if images.dtype == np.uint8 else _quantised(images)
    return np.asarray(np.broadcast_to(quantised, (*quantised.shape[:-1], 3)))


def as_rgb_pairs(images: np.ndarray, reconstructions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Images and their reconstructions, both [N, H, W, C], as uint8 [N, H, W, 3]; refuses two different shapes."""
    if np.shape(images) != np.shape(reconstructions):
        raise ValueError(
            f"images have shape {list(np.shape(images))} but reconstructions {list(np.shape(reconstructions))}; "
            "expected the same [N, H, W, C] for both"
        )
    return as_rgb(images), as_rgb(reconstructions)


def size_within(images: np.ndarray, height: int, width: int) -> tuple[int, int]:
    """The largest height and width that images [N, H, W, 3] can be resized to within these, in their proportions."""
    factor = min(height / images.shape[1], width / images.shape[2])
    return max(1, round(images.shape[1] * factor)), max(1, round(images.shape[2] * factor))


def shrunk(images: np.ndarray, side: int) -> np.ndarray:
    """Images [N, H, W, 3] whose longer side is at most this long; smaller ones stay as they are."""
    return images if max(images.shape[1:3]) <= side else resized(images, *size_within(images, side, side))


def resized(images: np.ndarray, height: int, width: int) -> np.ndarray:
    """Images [N, H, W, 3] as [N, height, width, 3]; each pixel of the result is the mean of what it covers."""
    down = _overlaps(images.shape[1], height)
    across = _overlaps(images.shape[2], width)
    parts = (images[start : start + RESIZED_TOGETHER] for start in range(0, len(images), RESIZED_TOGETHER))
    contiguous = (part.astype(np.float32, order="C") for part in parts)  # grey pixels are three views of one channel
    means = (np.einsum("hy,nyxc,wx->nhwc", down, part, across, optimize=True) for part in contiguous)
    return np.concatenate([np.rint(part).astype(np.uint8) for part in means])


def _quantised(images: np.ndarray) -> np.ndarray:
    """Floating point images [..., C] as uint8, [..., 3] where a pixel is not a number."""
    if not np.issubdtype(images.dtype, np.floating):
        raise ValueError(f"images are {images.dtype}; expected uint8, or floating point in [0, 1]")
    quantised: np.ndarray = np.rint(np.clip(np.nan_to_num(images), 0, 1) * 255).astype(np.uint8)
    broken = np.isnan(images).any(axis=-1)
    if not broken.any():
        return quantised
    quantised = np.broadcast_to(quantised, (*quantised.shape[:-1], 3)).copy()
    quantised[broken] = BROKEN
    return quantised


def _overlaps(size: int, new: int) -> np.ndarray:
    """Shares [new, size] that each of `size` pixels has in each of the `new` ones laid over the same length."""
    edges = np.linspace(0, size, new + 1, dtype=np.float32)
    start = edges[:-1, None]
    pixel = np.arange(size)
    covered = np.minimum(edges[1:, None], pixel + 1) - np.maximum(start, pixel)
    return np.asarray(np.maximum(covered, 0) * new / size, np.float32)
