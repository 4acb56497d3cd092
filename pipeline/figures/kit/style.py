"""How every picture looks: sizes, fonts and colours, in one place."""

import numpy as np

DPI = 128  # a power of two: whole pixels divide into exact inches, so no picture loses a row to rounding
TITLE, TEXT, SMALL = 10.5, 8.5, 7.0  # font sizes in points

INK, MUTED, LINE = "#1f2430", "#6b7280", "#c9cdd3"
PAPER = (255, 255, 255)
BROKEN = (255, 0, 255)  # a pixel that is not a number must not pass for black
TRAIN, VALIDATION = "#0072b2", "#d55e00"  # Okabe and Ito: apart for every kind of colour vision

# Found by search: in Oklab no two come closer than 0.09 even with protanopia, deuteranopia or tritanopia (Machado's
# matrices). Ordered so that few classes get the clearest ones, and digits often confused (4 7 9, 3 5 8) far ones.
_TEN = ["#1177ee", "#ff8888", "#660088", "#777700", "#00e0e0", "#bb44aa", "#115555", "#ccdd44", "#99aaee", "#990011"]


def class_colors(count: int) -> np.ndarray:
    """One RGB colour a class, [count, 3] in [0, 1]; the same class keeps its colour as long as the count stays."""
    if count > len(_TEN):
        return _hues(count)
    return np.array([[int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)] for code in _TEN[:count]])


def _hues(count: int) -> np.ndarray:
    """Hues at the golden angle in Oklch, so that neighbours in the alphabet differ most; lightness takes turns."""
    index = np.arange(count)
    hue = index * np.pi * (3 - np.sqrt(5))
    lightness = np.array([0.50, 0.64, 0.77])[index % 3]
    return _oklab_to_rgb(lightness, 0.13 * np.cos(hue), 0.13 * np.sin(hue))


def _oklab_to_rgb(lightness: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Ottosson's Oklab to sRGB, out-of-gamut colours clipped."""
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    linear = np.clip(np.stack([red, green, blue], axis=-1), 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
