"""The structure of a model as boxes and arrows: its parts side by side, with the step from one to the next."""

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch
from matplotlib.path import Path

from pipeline.figures.diagram.layer import Layer, Role, outputs, parameters_text, role
from pipeline.figures.diagram.layout import BOX_HEIGHT, ROW_GAP, Layout, Point, layered_layout
from pipeline.figures.kit.canvas import EDGE, TOP, headed, place, text_width
from pipeline.figures.kit.style import INK, MUTED, SMALL, TEXT

TITLE = "Structure of the model"
SAMPLING = "z = mean\n+ exp(log variance / 2) · noise"
"""The reparameterisation trick (Kingma and Welling 2014, eq. 10)."""
COLOURS: dict[Role, tuple[str, str]] = {
    "input": ("#e8ebf0", "#8a94a6"),
    "convolution": ("#dbe9fb", "#6a9fe0"),
    "dense": ("#fdeccf", "#d6a048"),
    "reshape and others": ("#f7f7f8", "#c9cdd3"),
    "output": ("#dcf1e3", "#58a878"),
}
"""Fill and edge of a box by the role of its layer."""
STEP_COLOURS = ("#efe4f8", "#9a6cc4")
"""Fill and edge of the step from one part to the next."""
PADDING = 10
"""Pixels left and right of the text in a box."""
TEXT_GAP = 24
"""Pixels between two texts on one line."""
HEAD = 72
"""Pixels over the boxes: the name of a part, its parameters, and the arrow that enters it."""
FOOT = 64
"""Pixels under the boxes: the legend."""
NAME_LINE = -58
"""Pixels from the first row up to the middle of the name of a part."""
TOTAL_LINE = -38
"""Pixels from the first row up to the middle of the number of parameters of a part."""
FIRST_LINE = -8
"""Pixels from the middle of a box to that of its larger text."""
SECOND_LINE = 11
"""Pixels from the middle of a box to that of its smaller text."""
PART_GAP = 72
"""Pixels between two parts; in their middle runs the arrow from one to the next."""
LEAST_WIDTH = 640
"""Pixels of a figure: so much the legend takes."""

NOTE: dict[str, Any] = {"fontsize": SMALL, "color": MUTED, "va": "center"}
"""How shapes and numbers of parameters are written."""


def structure(parts: Sequence[tuple[str, Sequence[Layer]]], between: str = SAMPLING) -> Figure:
    """A figure of each part as boxes from the top down, with the shape and the parameters of each layer.

    Args:
        parts: names and layers, such as those of the encoder and of the decoder.
        between: what happens between a part's outputs and the next one's inputs, in at most two lines.
    """
    layouts: list[Layout] = []
    for index, (_, layers) in enumerate(parts):
        boxes = list(layers)
        widths = {layer.name: _box_width(layer) for layer in layers}
        if index + 1 < len(parts):
            boxes.append(Layer(between, between, "", 0, outputs(layers)))
            widths[between] = _step_width(between)
        layouts.append(layered_layout(boxes, widths, layouts[-1].right + PART_GAP if layouts else EDGE))
    total = sum(layer.parameters for _, layers in parts for layer in layers)
    height = TOP + HEAD + round(max(layout.bottom for layout in layouts)) + FOOT
    figure = headed(f"{TITLE}: {parameters_text(total)}", max(round(layouts[-1].right) + EDGE, LEAST_WIDTH), height)
    width = round(figure.bbox.width)
    axes = place(figure, 0, 0, width, height)
    axes.set_axis_off()
    axes.set(xlim=(0, width), ylim=(height - TOP - HEAD, -TOP - HEAD))
    for (name, layers), layout in zip(parts, layouts, strict=True):
        _draw_part(axes, name, layers, layout)
    for layout, following, (_, before), (_, layers) in zip(layouts, layouts[1:], parts, parts[1:], strict=False):
        # An input that both parts have, such as the class of a conditional model, enters each of them from outside.
        entrances = [name for name in _inputs(layers) if name not in _inputs(before)]
        _draw_step(axes, between, layout, [following.middles[name] for name in entrances])
    _draw_legend(figure, {role(layer, layers) for _, layers in parts for layer in layers})
    return figure


def _inputs(part: Sequence[Layer]) -> list[str]:
    return [layer.name for layer in part if not layer.inputs]


def _box_width(layer: Layer) -> int:
    """Pixels of a box with the heading on its first line, and shape and parameters on its second."""
    below = text_width(layer.shape_text, SMALL) + TEXT_GAP + text_width(parameters_text(layer.parameters), SMALL)
    return max(text_width(layer.heading, TEXT), below) + 2 * PADDING


def _step_width(text: str) -> int:
    return max(text_width(line, TEXT) for line in text.split("\n")) + 2 * PADDING


def _draw_part(axes: Axes, name: str, layers: Sequence[Layer], layout: Layout) -> None:
    x, _ = layout.middles[layers[0].name]
    left = x - layout.widths[layers[0].name] / 2
    axes.text(left, NAME_LINE, name, fontsize=TEXT + 1.5, color=INK, weight="bold", va="center")
    axes.text(left, TOTAL_LINE, parameters_text(sum(layer.parameters for layer in layers)), **NOTE)
    for connection in layout.connections:
        _draw_arrow(axes, connection)
    for layer in layers:
        x, y = layout.middles[layer.name]
        half = layout.widths[layer.name] / 2
        _draw_frame(axes, (x, y), half, COLOURS[role(layer, layers)])
        axes.text(x - half + PADDING, y + FIRST_LINE, layer.heading, fontsize=TEXT, color=INK, va="center")
        axes.text(x - half + PADDING, y + SECOND_LINE, layer.shape_text, **NOTE)
        axes.text(x + half - PADDING, y + SECOND_LINE, parameters_text(layer.parameters), ha="right", **NOTE)


def _draw_step(axes: Axes, text: str, layout: Layout, entrances: Sequence[Point]) -> None:
    """The step below a part, and arrows from there up to the middles of the boxes where the next part begins."""
    x, y = layout.middles[text]
    half = layout.widths[text] / 2
    _draw_frame(axes, (x, y), half, STEP_COLOURS)
    axes.text(x, y, text, fontsize=TEXT, color=INK, ha="center", va="center", linespacing=1.2)
    between = layout.right + PART_GAP / 2
    for entrance, _ in entrances:
        corners = [(x + half, y), (between, y), (between, -ROW_GAP / 2), (entrance, -ROW_GAP / 2), (entrance, 0)]
        _draw_path(axes, Path(corners))


def _draw_frame(axes: Axes, middle: Point, half: float, colours: tuple[str, str]) -> None:
    corner = (middle[0] - half, middle[1] - BOX_HEIGHT / 2)
    look: dict[str, Any] = {"facecolor": colours[0], "edgecolor": colours[1], "zorder": 2.5}
    axes.add_patch(FancyBboxPatch(corner, 2 * half, BOX_HEIGHT, "round,pad=0,rounding_size=5", **look))


def _draw_arrow(axes: Axes, connection: Sequence[Point]) -> None:
    """A curve that leaves and enters every row upright, so that it stays within the gaps and beside the boxes."""
    curve = [connection[0]]
    for (x, y), (next_x, next_y) in pairwise(connection):
        middle = (y + next_y) / 2
        curve += [(x, middle), (next_x, middle), (next_x, next_y)]
    _draw_path(axes, Path(curve, [Path.MOVETO, *[Path.CURVE4] * (len(curve) - 1)]))


def _draw_path(axes: Axes, path: Path) -> None:
    look: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 8, "shrinkA": 0, "shrinkB": 0, "joinstyle": "round"}
    axes.add_patch(FancyArrowPatch(path=path, color=MUTED, linewidth=0.9, zorder=2, **look))


def _draw_legend(figure: Figure, present: Collection[Role]) -> None:
    handles = [
        Patch(facecolor=fill, edgecolor=edge, label=name) for name, (fill, edge) in COLOURS.items() if name in present
    ]
    corner = EDGE / figure.bbox.width, 4 / figure.bbox.height
    look: dict[str, Any] = {"frameon": False, "fontsize": SMALL, "labelcolor": INK, "handlelength": 1.2}
    figure.legend(handles=handles, ncols=len(handles), loc="lower left", bbox_to_anchor=corner, **look)
