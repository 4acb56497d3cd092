"""One density a class along a single latent dimension, each on a line of its own."""

import numpy as np
from matplotlib.axes import Axes
from scipy.ndimage import gaussian_filter1d

from pipeline.figures.kit.limits import Limits
from pipeline.figures.kit.style import LINE
from pipeline.figures.latent.labelled_points import LabelledPoints

BINS = 240  # over the axis
SMOOTHING = 3.0  # standard deviation of the Gaussian that smooths the histogram, in bins
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
    """The smoothed histogram [BINS] of values [N], its peak at 1; zero where there are no values."""
    counts, _ = np.histogram(values, bins=BINS, range=(low, high))
    smooth = gaussian_filter1d(counts.astype(np.float64), SMOOTHING, mode="constant")
    return np.asarray(smooth / max(smooth.max(), 1e-12))
