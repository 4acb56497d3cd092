"""Labelled points on axes of any size: a scatter or densities, the names of the coordinates, and what is left out."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes

from pipeline.figures.kit.classes import Classes
from pipeline.figures.kit.limits import Limits, inside
from pipeline.figures.kit.style import INK, MUTED
from pipeline.figures.latent.densities import draw_densities
from pipeline.figures.latent.labelled_points import LabelledPoints
from pipeline.figures.latent.scatter import draw_scatter


def draw_points(axes: Axes, points: LabelledPoints, limits: Limits, *, text: float) -> None:
    """Points on axes, as a scatter or as densities, with a note on what is left out: points by limits, and classes.

    `text` is the font size of ticks and notes in points.
    """
    finite = points.take(points.is_finite)
    axes.tick_params(labelsize=text)
    if points.dimensions == 2:
        draw_scatter(axes, finite, limits, text=text + 2)
    else:
        draw_densities(axes, finite, limits, text=text)
    hidden = len(points) - int(inside(finite.points, limits).sum())
    notes = not_shown(finite.classes) if points.dimensions == 1 else []
    write_notes(axes, [*notes, *([f"{hidden:,} of {len(points):,} points not shown"] if hidden else [])], text)


def name_axes(axes: Axes, names: Sequence[str], text: float) -> None:
    """The names of one coordinate or two along the axes."""
    axes.set_xlabel(names[0], fontsize=text, color=INK, labelpad=2)
    if len(names) == 2:
        axes.set_ylabel(names[1], fontsize=text, color=INK, labelpad=2)


def not_shown(classes: Classes) -> list[str]:
    """A note on the classes that have no line of their own, if there are such."""
    return [f"{classes.others:,} more classes not shown"] if classes.others else []


def write_notes(axes: Axes, notes: Sequence[str], text: float) -> None:
    """Lines in the lower right corner, over whatever is there."""
    if notes:
        beneath = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2}
        where: dict[str, Any] = {"transform": axes.transAxes, "ha": "right", "va": "bottom", "bbox": beneath}
        axes.text(0.99, 0.01, "\n".join(notes), fontsize=text, color=MUTED, zorder=99, **where)
