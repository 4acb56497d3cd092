"""One density a class along a single latent dimension, each on a line of its own."""

import numpy as np
from matplotlib.axes import Axes

from pipeline.figures.kit.limits import Limits
from pipeline.figures.kit.style import LINE
from pipeline.figures.latent.labelled_points import LabelledPoints

BINS, SMOOTH = 240, 3.0  # bins over the axis, and the standard deviation in bins of the smoothing
PEAK = 1.6  # how high a curve may rise, in distances between two lines


def draw_densities(axes: Axes, points: LabelledPoints, limits: Limits, *, text: float) -> None:
    """Points on a line as a smoothed histogram for each class, the first on top; each curve scaled to its peak.

    `text` is the font size of the class names in points.
    """
    low, high = limits[0]
    x = np.linspace(low, high, BINS)
    classes = points.classes
    last = len(classes) - 1
    for line, (label, color) in enumerate(zip(classes.labels, classes.colors, strict=True)):
        base = last - line
        height = PEAK * _density(points.points[points.labels == label, 0], low, high) + base
        axes.fill_between(x, base, height, color=(*color, 0.45), linewidth=0, zorder=line)
        axes.plot(x, height, color=tuple(color), linewidth=1.1, zorder=line)
    axes.set(xlim=(low, high), ylim=(-0.15, last + PEAK + 0.15))
    axes.set_yticks(range(last, -1, -1), classes.names, fontsize=min(text, 300 / (last + 1)))
    axes.grid(axis="x", color=LINE, linewidth=0.5)


def _density(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """The smoothed histogram, its peak at 1; zero where there are no values."""
    counts, _ = np.histogram(values, bins=BINS, range=(low, high))
    reach = np.arange(-12, 13)
    smooth = np.convolve(counts, np.exp(-0.5 * (reach / SMOOTH) ** 2), mode="same")
    return np.asarray(smooth / max(smooth.max(), 1e-12))
