"""How every figure looks: sizes, fonts and colours, in one place."""

import numpy as np
from matplotlib.colors import to_rgb

DPI = 128  # a power of two: whole pixels divide into exact inches, so no figure loses a row to rounding
TITLE = 10.5  # points
TEXT = 8.5  # points
SMALL = 7.0  # points

INK = "#1f2430"  # text
MUTED = "#6b7280"  # text that comes second
LINE = "#c9cdd3"  # axes and grids
PAPER = (255, 255, 255)
BROKEN = (255, 0, 255)  # a pixel that is not a number must not pass for black
TRAINING_INK = "#0072b2"  # of Okabe and Ito, as the next: apart for every kind of colour vision
VALIDATION_INK = "#d55e00"

# Found by search: in Oklab no two come closer than 0.09 even with protanopia, deuteranopia or tritanopia (Machado's
# matrices). Ordered so that few classes get the clearest ones, and digits often confused (4 7 9, 3 5 8) far ones.
_TEN = ["#1177ee", "#ff8888", "#660088", "#777700", "#00e0e0", "#bb44aa", "#115555", "#ccdd44", "#99aaee", "#990011"]


def class_colors(count: int) -> np.ndarray:
    """One RGB colour a class, [count, 3] in [0, 1]; the same class keeps its colour as long as the count stays.

    More than ten are colorcet's `glasbey_dark`, which chooses each as far as can be from those before and from white
    paper (Glasbey et al. 2007); after its 256 colours they come again.
    """
    if count <= len(_TEN):
        return np.array([to_rgb(code) for code in _TEN[:count]]).reshape(count, 3)
    from colorcet import glasbey_dark  # takes a tenth of a second

    return np.array([to_rgb(glasbey_dark[index % len(glasbey_dark)]) for index in range(count)])
