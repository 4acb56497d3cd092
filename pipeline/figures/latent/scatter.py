"""Labelled points on axes: the drawing that the latent figure and the latent card share."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from rich.cells import cell_len

from pipeline.figures.kit.classes import Classes
from pipeline.figures.kit.limits import Limits
from pipeline.figures.kit.style import DPI, class_colors
from pipeline.figures.latent.labelled_points import LabelledPoints

FEW = 10  # classes that colours alone keep apart
SHORT = 3  # letters of a class name that may stand among the points


def draw_scatter(axes: Axes, points: LabelledPoints, limits: Limits, *, text: float) -> None:
    """Points on a plane in the colours of their classes; names at the medians where they help and fit.

    `text` is the font size of those names in points.
    """
    colors = class_colors(len(points.class_names))
    order = np.random.default_rng(0).permutation(len(points))  # so that no class lies on top of all the others
    x, y = points.points[order].T
    axes.scatter(x, y, c=colors[points.labels[order]], s=marker_size(axes, len(points)), alpha=0.75, linewidths=0)
    axes.set(xlim=limits[0], ylim=limits[1])
    axes.set_aspect("equal")
    present = points.classes.among(points.labels)
    if names_help(present, points.class_names):
        medians = np.array([np.median(points.points[points.labels == label], axis=0) for label in present.labels])
        _write_names(axes, medians, present, text)


def names_help(present: Classes, class_names: Sequence[str]) -> bool:
    """Whether names help among points of several classes: colours do not keep them apart, or the names are short."""
    return len(present) > 1 and (len(class_names) > FEW or max(map(cell_len, present.names)) <= SHORT)


def marker_size(axes: Axes, count: int) -> float:
    """Area in square points: together the markers cover about a fifth of the axes, within what the eye can see."""
    box = axes.get_window_extent()
    area = box.width * box.height * (72 / DPI) ** 2
    return float(np.clip(0.2 * area / max(count, 1), 2.0, 16.0))


def _write_names(axes: Axes, medians: np.ndarray, classes: Classes, text: float) -> None:
    """Each name at its class's median, moved as little as keeps the names apart, in its darkened colour on white."""
    places = name_places(axes, medians, classes.names, text)
    if places is None:
        return
    edge = [withStroke(linewidth=text / 3.2, foreground="white")]
    named = zip(classes.names, classes.colors, axes.transData.inverted().transform(places), strict=True)
    for name, color, (x, y) in named:
        where: dict[str, Any] = {"ha": "center", "va": "center", "clip_on": True}
        axes.text(x, y, name, color=tuple(color * 0.45), fontsize=text, weight="bold", path_effects=edge, **where)


def name_places(axes: Axes, medians: np.ndarray, names: Sequence[str], text: float) -> np.ndarray | None:
    """Where to write names of this font size, [K, 2] in pixels of the figure: at the medians [K, 2], but kept apart.

    None where the medians lie so close that the names would move farther than they are large, and mislead.
    """
    height = text * DPI / 72
    box = np.array([height * max(0.8, 0.65 * max(map(cell_len, names))), height])
    desired = axes.transData.transform(medians)
    places = keep_apart(desired, box)
    return places if np.linalg.norm((places - desired) / box, axis=1).mean() <= 1 else None


def keep_apart(places: np.ndarray, box: np.ndarray, rounds: int = 60) -> np.ndarray:
    """Places [K, 2] pushed apart until boxes of this size [2] around them touch no longer, or the rounds are over."""
    places = places.astype(np.float64) + 1e-3 * np.arange(len(places))[:, None]  # equal places need a way apart
    for _ in range(rounds):
        apart = (places[:, None] - places[None]) / box
        distance = np.linalg.norm(apart, axis=-1) + np.eye(len(places)) * 9
        push = apart / distance[..., None] * np.maximum(0, 1 - distance)[..., None] / 2
        if distance.min() >= 1:
            break
        places = places + push.sum(axis=1) * box
    return places
