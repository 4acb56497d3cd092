"""Arrays of images that come from elsewhere, as the uint8 pixels of this pipeline."""

import numpy as np

from pipeline.errors import InputError

STEP = 1024
"""Images that are converted at once: a copy of all of them as floats would take 4 to 8 times their room."""


def as_pixels(images: np.ndarray, origin: str) -> np.ndarray:
    """uint8 [N, H, W, C] from uint8, or from floats in [0, 1] rounded to 255 steps, of shape [N, H, W] or [N, H, W, C].

    Raises:
        InputError: another shape or type, not a number, or a number outside [0, 1]; begins with `origin`.
    """
    if images.ndim not in (3, 4):
        raise InputError(f"{origin} has the shape {list(images.shape)}; wanted [N, H, W] or [N, H, W, C]. Reshape it")
    if images.dtype == np.uint8:
        pixels = images
    elif np.issubdtype(images.dtype, np.floating):
        pixels = _from_floats(images, origin)
    else:
        raise InputError(f"{origin} is {images.dtype}; wanted uint8, or floats in [0, 1]. Convert it: .astype('uint8')")
    return pixels if pixels.ndim == 4 else pixels[..., np.newaxis]


def _from_floats(images: np.ndarray, origin: str) -> np.ndarray:
    pixels = np.empty(images.shape, dtype=np.uint8)
    for start in range(0, len(images), STEP):
        part = images[start : start + STEP]
        _check_range(part, origin)
        pixels[start : start + STEP] = np.rint(part * np.float32(255))
    return pixels


def _check_range(part: np.ndarray, origin: str) -> None:
    if not np.isfinite(part).all():
        found = "NaN" if np.isnan(part).any() else "infinity"
        raise InputError(f"{origin} holds {found}; wanted numbers in [0, 1]. Replace or leave out such images")
    if part.size and (part.min() < 0 or part.max() > 1):
        raise InputError(
            f"{origin} has floats from {part.min():g} to {part.max():g}; wanted [0, 1]. "
            f"Divide them by their largest value, or save 0 to 255 as uint8"
        )
