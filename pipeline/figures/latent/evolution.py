"""A training's course as one figure: what the same images and the latent space become from epoch to epoch."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.figures.kit.canvas import EDGE, TOP, blank, place, sheet, text_width, write_head
from pipeline.figures.kit.legend import LegendColumns
from pipeline.figures.kit.limits import robust_limits
from pipeline.figures.kit.mosaic import join, magnify, whole_factor
from pipeline.figures.kit.rgb import as_pixels
from pipeline.figures.kit.style import DPI, INK, SMALL, TEXT
from pipeline.figures.latent.latents import draw_points
from pipeline.figures.latent.trajectories import Trajectories

MOST = 12  # epochs in one figure
SIDE, TILE, BETWEEN, APART = 900, 112, 3, 12  # pixels: rows of images, one image, between images, under the inputs
PANEL, GAP = 250, 14  # pixels: the side of one scatter, and between two
HEAD, FOOT = 28, 56  # pixels above each scatter for its epoch, and under all of them for the axis
LANE = 14  # pixels that a class takes at least as a density


def epoch_name(epoch: int) -> str:
    """How a picture calls the state after so many epochs."""
    return f"epoch {epoch}" if epoch else "start"


def thinned(count: int, most: int = MOST) -> list[int]:
    """At most so many of `count` positions: the first, the last, and between them ever wider steps."""
    if count <= most:
        return list(range(count))
    return [max(step, math.floor(count ** (step / (most - 1)) - 0.5)) for step in range(most)]


def epochs_sheet(
    images: np.ndarray,
    reconstructions: np.ndarray,
    epochs: Sequence[int],
    title: str = "Reconstructions from epoch to epoch",
) -> Figure:
    """The images as the top row, and under them one row an epoch of what became of them.

    Args:
        images: uint8 or floating point in [0, 1], [N, H, W, C]; of large ones as many are shown as fit.
        reconstructions: of the same images after each epoch, [E, N, H, W, C]; of more than 12 epochs 12 are shown.
        epochs: [E], ascending; 0 is the state before the training.
    """
    inputs, outputs = as_pixels(images), as_pixels(reconstructions, "EN")
    if outputs.shape != (len(epochs), *inputs.shape):
        raise ValueError(
            f"reconstructions have shape {list(np.shape(reconstructions))}, images {list(np.shape(images))}; "
            f"expected the images' shape for each of {len(epochs)} epochs"
        )
    shown = thinned(len(epochs))
    _, count, height, width, _ = outputs.shape
    count = min(count, max(1, SIDE // width))
    factor = min(whole_factor(1, count * width, SIDE), whole_factor(height, width, TILE))
    tiles = magnify(np.concatenate([inputs[None], outputs[shown]])[:, :count], factor)
    rows = np.pad(tiles[:1], [(0, 0), (0, 0), (0, APART), (0, 0), (0, 0)], constant_values=255)
    top, rest = join(rows, 0, BETWEEN), join(tiles[1:], BETWEEN, BETWEEN)
    names = ["input", *(epoch_name(epochs[i]) for i in shown)]
    left = max(text_width(name, TEXT) for name in names)
    figure, axes = sheet(np.concatenate([top, rest]), title, left)
    middles = np.arange(len(names)) * (height * factor + BETWEEN) + height * factor / 2 - 0.5
    middles[1:] += APART - BETWEEN
    axes.set_yticks(middles, names)
    return figure


def latent_steps(trajectories: Trajectories, *, title: str = "Posterior means from epoch to epoch") -> Figure:
    """The latent space after at most 12 epochs, all on the same axes."""
    shown = thinned(len(trajectories.epochs))
    steps = [trajectories.at(step) for step in shown]
    flat = steps[0].dimensions == 1
    columns = math.ceil(math.sqrt(len(shown)))
    classes = steps[0].classes
    height = max(PANEL, LANE * len(classes)) if flat else PANEL
    rows = math.ceil(len(shown) / columns)
    legend = LegendColumns(steps[0].legend_labels, trajectories.class_names, rows * (height + HEAD) - HEAD)
    left = EDGE + (classes.widest(TEXT) if flat else 60)
    figure, panels = _panels(len(shown), columns, height, left, legend.width + EDGE)
    limits = robust_limits([points.points for points in steps])
    for axes, points, step in zip(panels, steps, shown, strict=True):
        draw_points(axes, points, limits, text=SMALL - 1)
        axes.tick_params(labelsize=SMALL)
        axes.set_title(epoch_name(trajectories.epochs[step]), fontsize=TEXT, color=INK, loc="left", pad=4)
    write_head(figure, title, left)
    _name_axes(figure, panels, steps[0].axis_names())
    legend.draw(panels[columns - 1])
    return figure


def _panels(count: int, columns: int, height: int, left: int, right: int) -> tuple[Figure, list[Axes]]:
    """Axes in reading order with room for text left and right of all; only the outer ones number their ticks."""
    width, rows = left + columns * (PANEL + GAP) - GAP + right, math.ceil(count / columns)
    figure, panels = blank(width, TOP + rows * (height + HEAD) + FOOT), []
    for index in range(count):
        row, column = divmod(index, columns)
        top = TOP + HEAD + row * (height + HEAD)
        axes = place(figure, left + column * (PANEL + GAP), top, PANEL, height)
        axes.tick_params(labelleft=column == 0, labelbottom=index + columns >= count)
        panels.append(axes)
    return figure, panels


def _name_axes(figure: Figure, panels: Sequence[Axes], names: Sequence[str]) -> None:
    """Names the coordinates once, under and beside all of the panels."""
    boxes = [axes.get_position() for axes in panels]
    low, high = np.min([box.min for box in boxes], axis=0), np.max([box.max for box in boxes], axis=0)
    look: dict[str, Any] = {"fontsize": TEXT, "color": INK}
    width, height = figure.get_size_inches() * DPI
    figure.text((low[0] + high[0]) / 2, low[1] - 26 / height, names[0], ha="center", va="top", **look)
    if len(names) == 2:
        figure.text(EDGE / width, (low[1] + high[1]) / 2, names[1], rotation=90, ha="center", va="center", **look)
