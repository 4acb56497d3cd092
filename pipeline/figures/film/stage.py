"""Moving points on axes that stay: what does not move is drawn once and only copied for each picture."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg

from pipeline.figures.film.moving_names import MovingNames
from pipeline.figures.kit.canvas import blank, place
from pipeline.figures.kit.classes import Classes, named_classes
from pipeline.figures.kit.legend import LegendLines
from pipeline.figures.kit.limits import robust_limits
from pipeline.figures.kit.style import INK, LINE, SMALL, TITLE, class_colors
from pipeline.figures.latent.panel import not_shown, write_notes
from pipeline.figures.latent.scatter import marker_size, names_help

SIDE = 480  # pixels
HEAD, FOOT = 36, 50  # pixels above and under the axes
LEFT, NAME = 72, 19  # pixels left of square axes at least, and left of the end of their name
SPREAD = 0.32  # how far a point may stand from the middle of its class's lane, in lanes


class Stage:
    """A latent space from epoch to epoch.

    Args:
        points: [E, N, 1 or 2], the same images after each epoch; a single coordinate gets a lane for each class.
        labels: integers [N], indices into class_names.
        heads: [E], what to write above the points of each epoch.
        axis_names: of the coordinates.

    Attributes:
        colors: of the classes that are named, [K, 3].
    """

    def __init__(
        self,
        points: np.ndarray,
        labels: np.ndarray,
        class_names: Sequence[str],
        heads: Sequence[str],
        axis_names: Sequence[str],
    ) -> None:
        planar, classes = points.shape[2] == 2, named_classes(labels, class_names)
        if not planar:  # there is a lane for each class that is named
            there = np.isin(labels, classes.labels)
            points, labels = points[:, there], labels[there]
        self.axes = axes = (
            _plane(points, axis_names, LegendLines(labels, class_names, SIDE))
            if planar
            else _lanes(points, axis_names, classes)
        )
        self.canvas: Any = _drawn(axes)
        self.still = self.canvas.copy_from_bbox(self.canvas.figure.bbox)
        order = np.random.default_rng(0).permutation(len(labels))  # so that no class lies on top of all the others
        self.points = (points if planar else _in_lanes(points, labels, classes))[:, order]
        colors, size = class_colors(len(class_names))[labels[order]], marker_size(axes, len(labels))
        x, y = self.points[0].T
        self.dots = axes.scatter(x, y, c=colors, s=size, alpha=0.85, linewidths=0)
        self.heads, self.head = heads, axes.set_title("", fontsize=TITLE, color=INK, loc="left", pad=7)
        present = classes.among(labels)
        named = planar and names_help(present, class_names)
        self.names = MovingNames(axes, points, labels, present, SMALL + 1) if named else None
        self.colors = classes.colors

    def picture(self, moment: float) -> np.ndarray:
        """Uint8 [SIDE, SIDE, 3]; at moment 2.5 the points are halfway from the third epoch to the fourth."""
        before, after = self.points[math.floor(moment)], self.points[math.ceil(moment)]
        self.dots.set_offsets(before + moment % 1 * (after - before))
        self.head.set_text(self.heads[round(moment)])
        self.canvas.restore_region(self.still)
        for artist in (self.dots, self.head, *(self.names.at(moment) if self.names else ())):
            self.axes.draw_artist(artist)
        return np.asarray(self.canvas.buffer_rgba())[..., :3].copy()


def _drawn(axes: Axes) -> Any:
    """The canvas with all that the figure of these axes shows; matplotlib leaves the methods of a canvas untyped."""
    canvas: Any = FigureCanvasAgg(axes.get_figure(root=True))
    canvas.draw()
    return canvas


def _plane(points: np.ndarray, axis_names: Sequence[str], legend: LegendLines) -> Axes:
    """Square axes over a legend."""
    figure = blank(SIDE, SIDE)
    side = SIDE - HEAD - FOOT - legend.height
    left = max(LEFT, (SIDE - side) // 2)
    axes = place(figure, left, HEAD, side, side)
    x, y = robust_limits(points)
    axes.set(xlim=x, ylim=y)
    axes.set_ylabel(axis_names[1], fontsize=SMALL, color=INK)
    axes.yaxis.set_label_coords((NAME - left) / side, 0.5)
    axes.locator_params(nbins=7)
    legend.draw(figure, (SIDE - legend.width) // 2, SIDE - legend.height - 8)
    return _finished(axes, axis_names[0])


def _lanes(points: np.ndarray, axis_names: Sequence[str], classes: Classes) -> Axes:
    """Axes with a lane for each class, the first on top."""
    left, last = 22 + classes.widest(SMALL), len(classes) - 1
    axes = place(blank(SIDE, SIDE), left, HEAD, SIDE - left - 14, SIDE - HEAD - FOOT)
    axes.set(xlim=robust_limits(points)[0], ylim=(-0.6, last + 0.6))
    axes.set_yticks(range(last, -1, -1), classes.names)
    write_notes(axes, not_shown(classes), SMALL)
    axes.grid(axis="x", color=LINE, linewidth=0.5)
    return _finished(axes, axis_names[0])


def _finished(axes: Axes, name: str) -> Axes:
    axes.set_xlabel(name, fontsize=SMALL, color=INK, labelpad=2)
    axes.tick_params(labelsize=SMALL)
    return axes


def _in_lanes(points: np.ndarray, labels: np.ndarray, classes: Classes) -> np.ndarray:
    """Points [E, N, 1] as [E, N, 2]: each in the lane of its class, at a height that it keeps."""
    lanes = len(classes) - 1 - np.searchsorted(classes.labels, labels)
    heights = lanes + np.random.default_rng(0).uniform(-SPREAD, SPREAD, len(labels))
    return np.stack([points[..., 0], np.broadcast_to(heights, points.shape[:2])], axis=-1)
