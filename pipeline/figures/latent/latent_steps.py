"""The latent space after chosen epochs, a panel for each."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.figures.kit.canvas import EDGE, TOP, blank, place, write_head
from pipeline.figures.kit.epochs import epoch_name, thinned
from pipeline.figures.kit.legend import LegendColumns
from pipeline.figures.kit.limits import robust_limits
from pipeline.figures.kit.style import DPI, INK, SMALL, TEXT
from pipeline.figures.latent.panel import draw_points
from pipeline.figures.latent.trajectories import Trajectories

PANEL_SIDE = 250  # pixels
PANEL_GAP = 14  # pixels between two panels
PANEL_HEAD = 28  # pixels above each panel, for its epoch
FOOT = 56  # pixels under all panels, for the axis
DENSITY_HEIGHT = 14  # pixels that a class takes at least as a density


def latent_steps(trajectories: Trajectories) -> Figure:
    """The latent space after at most 12 epochs, all on the same axes."""
    shown = thinned(len(trajectories.epochs))
    steps = [trajectories.at(step) for step in shown]
    classes = steps[0].classes
    flat = steps[0].dimensions == 1
    columns = math.ceil(math.sqrt(len(shown)))
    rows = math.ceil(len(shown) / columns)
    height = max(PANEL_SIDE, DENSITY_HEIGHT * len(classes)) if flat else PANEL_SIDE
    legend = LegendColumns(steps[0].legend_labels, trajectories.class_names, rows * (height + PANEL_HEAD) - PANEL_HEAD)
    left = EDGE + (classes.widest(TEXT) if flat else 60)
    across, down = PANEL_SIDE + PANEL_GAP, height + PANEL_HEAD
    figure = blank(left + columns * across - PANEL_GAP + legend.width + EDGE, TOP + rows * down + FOOT)
    limits = robust_limits([points.points for points in steps])
    panels = []
    for index, (points, step) in enumerate(zip(steps, shown, strict=True)):
        row, column = divmod(index, columns)
        axes = place(figure, left + column * across, TOP + PANEL_HEAD + row * down, PANEL_SIDE, height)
        draw_points(axes, points, limits, text=SMALL - 1)
        axes.tick_params(labelsize=SMALL, labelleft=column == 0, labelbottom=index + columns >= len(shown))
        axes.set_title(epoch_name(trajectories.epochs[step]), fontsize=TEXT, color=INK, loc="left", pad=4)
        panels.append(axes)
    write_head(figure, "Posterior means from epoch to epoch", left)
    _name_axes(figure, panels, steps[0].axis_names())
    legend.draw(panels[columns - 1])
    return figure


def _name_axes(figure: Figure, panels: Sequence[Axes], names: Sequence[str]) -> None:
    """Names the coordinates once, under and beside all of the panels."""
    boxes = [axes.get_position() for axes in panels]
    low = np.min([box.min for box in boxes], axis=0)
    high = np.max([box.max for box in boxes], axis=0)
    width, height = figure.get_size_inches() * DPI
    middle = (low + high) / 2
    figure.supxlabel(names[0], x=middle[0], y=low[1] - 26 / height, va="top", fontsize=TEXT, color=INK)
    if len(names) == 2:
        figure.supylabel(names[1], x=EDGE / width, y=middle[1], ha="center", fontsize=TEXT, color=INK)
