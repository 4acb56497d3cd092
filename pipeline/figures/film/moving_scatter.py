"""Moving points on axes that stay: what does not move is drawn once and only copied for each picture."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import IdentityTransform

from pipeline.figures.kit.canvas import blank, place
from pipeline.figures.kit.classes import Classes, named_classes
from pipeline.figures.kit.legend import LegendLines
from pipeline.figures.kit.limits import robust_limits
from pipeline.figures.kit.style import DPI, INK, LINE, SMALL, TITLE, class_colors
from pipeline.figures.latent.panel import not_shown, write_notes
from pipeline.figures.latent.scatter import marker_size, name_places, names_help
from pipeline.figures.latent.trajectories import Trajectories

SIDE = 480
"""Pixels of a square picture."""
HEAD = 36
"""Pixels above the axes, for the name of the epoch."""
FOOT = 50
"""Pixels under the axes, for the numbers and the name of the axis."""
LEFT = 72
"""Pixels left of square axes at least."""
AXIS_NAME = 19
"""Pixels from the left edge of the picture to the end of the name of the vertical axis."""
SPREAD = 0.32
"""How far a point may stand from the middle of the row of its class, in rows."""
NAME_SIZE = SMALL + 1
"""Points of the names of classes among their points."""


class MovingScatter:
    """A latent space from epoch to epoch.

    Args:
        trajectories: of the same images through E epochs; a single coordinate gets a row for each class.
        titles: [E], what to write above the points of each epoch.

    Attributes:
        colors: of the classes that are named, [K, 3].
    """

    def __init__(self, trajectories: Trajectories, titles: Sequence[str]) -> None:
        points = trajectories.points
        labels = trajectories.labels
        class_names = trajectories.class_names
        axis_names = trajectories.axis_names()
        classes = named_classes(labels, class_names)
        self.colors = classes.colors
        self.titles = titles
        if planar := points.shape[2] == 2:
            self.axes = _plane(points, axis_names, LegendLines(labels, class_names, SIDE))
        else:
            named = np.isin(labels, classes.labels)
            points, labels = _in_rows(points[:, named], labels[named], classes), labels[named]
            self.axes = _rows(points, axis_names, classes)
        self.canvas = _drawn(self.axes)
        self.still = self.canvas.copy_from_bbox(self.canvas.figure.bbox)
        order = np.random.default_rng(0).permutation(len(labels))  # so that no class lies on top of all the others
        self.points = points[:, order]
        dot = {"c": class_colors(len(class_names))[labels[order]], "s": marker_size(self.axes, len(labels))}
        self.dots = self.axes.scatter(*self.points[0].T, alpha=0.85, linewidths=0, **dot)
        self.title = self.axes.set_title("", fontsize=TITLE, color=INK, loc="left", pad=7)
        present = classes.among(labels)
        self.names = _names(self.axes, present) if planar and names_help(present, class_names) else []
        self.places = _name_places(self.axes, points, labels, present) if self.names else np.zeros((len(points), 0, 2))

    def picture(self, moment: float) -> np.ndarray:
        """The picture uint8 [S, S, 3] at a moment; at 2.5 the points are halfway from the third epoch to the fourth."""
        self.dots.set_offsets(_between(self.points, moment))
        self.title.set_text(self.titles[round(moment)])
        self.canvas.restore_region(self.still)
        self.axes.draw_artist(self.dots)
        self.axes.draw_artist(self.title)
        for names in self.names:
            names.set_offsets(_between(self.places, moment))
            self.axes.draw_artist(names)
        return np.asarray(self.canvas.buffer_rgba())[..., :3].copy()


def _drawn(axes: Axes) -> Any:
    """The canvas with all that the figure of these axes shows; matplotlib leaves the methods of a canvas untyped."""
    canvas: Any = FigureCanvasAgg(axes.get_figure(root=True))
    canvas.draw()
    return canvas


def _between(values: np.ndarray, moment: float) -> np.ndarray:
    """What values of each epoch, [E, ...], are at a moment between two epochs."""
    before, after = values[math.floor(moment)], values[math.ceil(moment)]
    return np.asarray(before + moment % 1 * (after - before))


def _names(axes: Axes, classes: Classes) -> list[PathCollection]:
    """The names of the classes as `draw_scatter` writes them, with offsets in pixels; paths are drawn quickly."""
    bold = FontProperties(weight="bold")
    paths = [TextPath((0, 0), name, size=NAME_SIZE * DPI / 72, prop=bold) for name in classes.names]
    centred = [Path(path.vertices - path.get_extents().get_points().mean(axis=0), path.codes) for path in paths]
    halo = PathCollection(centred, facecolors="white", edgecolors="white", linewidths=NAME_SIZE / 3.2)
    ink = PathCollection(centred, facecolors=classes.colors * 0.45, linewidths=0)
    for names in (halo, ink):
        axes.add_collection(names, autolim=False)
        names.set(transform=IdentityTransform(), offset_transform=IdentityTransform())
    return [halo, ink]


def _name_places(axes: Axes, points: np.ndarray, labels: np.ndarray, classes: Classes) -> np.ndarray:
    """Pixels [E, K, 2] of the names of K classes: near the medians of their points; NaN where they have no room."""
    medians = np.stack([np.median(points[:, labels == label], axis=1) for label in classes.labels], axis=1)
    places = [name_places(axes, each, classes.names, NAME_SIZE) for each in medians]
    return np.stack([np.full((len(classes), 2), np.nan) if each is None else each for each in places])


def _plane(points: np.ndarray, axis_names: Sequence[str], legend: LegendLines) -> Axes:
    """Square axes over a legend."""
    figure = blank(SIDE, SIDE)
    side = SIDE - HEAD - FOOT - legend.height
    left = max(LEFT, (SIDE - side) // 2)
    axes = place(figure, left, HEAD, side, side)
    x, y = robust_limits(points)
    axes.set(xlim=x, ylim=y)
    axes.set_ylabel(axis_names[1], fontsize=SMALL, color=INK)
    axes.yaxis.set_label_coords((AXIS_NAME - left) / side, 0.5)
    axes.locator_params(nbins=7)
    legend.draw(figure, (SIDE - legend.width) // 2, SIDE - legend.height - 8)
    return _with_axis_name(axes, axis_names[0])


def _rows(points: np.ndarray, axis_names: Sequence[str], classes: Classes) -> Axes:
    """Axes with a row for each class, the first on top."""
    left = 22 + classes.widest(SMALL)
    axes = place(blank(SIDE, SIDE), left, HEAD, SIDE - left - 14, SIDE - HEAD - FOOT)
    axes.set(xlim=robust_limits(points[..., :1])[0], ylim=(len(classes) - 0.4, -0.6))
    axes.set_yticks(range(len(classes)), classes.names)
    write_notes(axes, not_shown(classes), SMALL)
    axes.grid(axis="x", color=LINE, linewidth=0.5)
    return _with_axis_name(axes, axis_names[0])


def _with_axis_name(axes: Axes, name: str) -> Axes:
    axes.set_xlabel(name, fontsize=SMALL, color=INK, labelpad=2)
    axes.tick_params(labelsize=SMALL)
    return axes


def _in_rows(points: np.ndarray, labels: np.ndarray, classes: Classes) -> np.ndarray:
    """Points [E, N, 1] as [E, N, 2]: each in the row of its class, at a height that it keeps."""
    heights = np.searchsorted(classes.labels, labels) + np.random.default_rng(0).uniform(-SPREAD, SPREAD, len(labels))
    return np.stack([points[..., 0], np.broadcast_to(heights, points.shape[:2])], axis=-1)
