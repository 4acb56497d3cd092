"""The structure of a model as boxes and arrows: its parts side by side, with the step from one to the next."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch
from matplotlib.path import Path

from pipeline.figures.diagram.lane import LOW, PAD, Lane, lane, parameters_text
from pipeline.figures.diagram.layer import Family, Layer, family
from pipeline.figures.diagram.ranks import GAP, Box
from pipeline.figures.diagram.routes import Route
from pipeline.figures.kit.canvas import EDGE, TOP, headed, place, text_width
from pipeline.figures.kit.style import INK, MUTED, SMALL, TEXT

SAMPLING = "z = mean\n+ exp(log variance / 2) · noise"  # the reparameterisation trick (Kingma and Welling 2014, eq. 10)
LOOKS: dict[Family, tuple[str, str, str]] = {  # fill, edge, name in the legend
    "input": ("#e8ebf0", "#8a94a6", "input"),
    "convolution": ("#dbe9fb", "#6a9fe0", "convolution"),
    "dense": ("#fdeccf", "#d6a048", "dense"),
    "other": ("#f7f7f8", "#c9cdd3", "reshape and others"),
    "output": ("#dcf1e3", "#58a878", "output"),
}
STEP = "#efe4f8", "#9a6cc4"
LEAST = 640  # pixels that the figure is wide at least: so much the legend takes
HEAD, LEGEND, BESIDE = 72, 44, 36  # pixels over the boxes, under them, and between a part and a step
LINE = 22  # pixels from a line of the step's text to the next


def structure(
    parts: Sequence[tuple[str, Sequence[Layer]]], title: str = "Structure of the model", between: str = SAMPLING
) -> Figure:
    """Each part as a column of boxes from the top down, with the parameters of each layer, of each part and of all.

    Args:
        parts: names and layers, such as those of the encoder and of the decoder.
        between: what happens on the way from a part's outputs to the next one's inputs.
    """
    step = max(text_width(line, TEXT) for line in between.split("\n")) + 2 * PAD
    lanes: list[Lane] = []
    for name, layers in parts:
        lanes.append(lane(name, layers, lanes[-1].right + step + 2 * BESIDE if lanes else EDGE))
    head = f"{title}: {parameters_text(sum(part.parameters for part in lanes))}"
    height = TOP + HEAD + round(max(part.bottom for part in lanes)) + GAP + LEGEND
    figure = headed(head, max(round(lanes[-1].right) + EDGE, LEAST), height)
    width = round(figure.bbox.width)
    axes = place(figure, 0, 0, width, height)
    axes.set_axis_off()
    axes.set(xlim=(0, width), ylim=(height - TOP - HEAD, -TOP - HEAD))
    for part in lanes:
        _draw_part(axes, part)
    for part, following in pairwise(lanes):
        _draw_step(axes, between, part, following, step)
    _draw_legend(figure, [family(layer, part.layers) for part in lanes for layer in part.layers])
    return figure


def _draw_part(axes: Axes, part: Lane) -> None:
    left = part.boxes[0].left
    axes.text(left, -58, part.name, fontsize=TEXT + 1.5, color=INK, weight="bold", va="center")
    axes.text(left, -38, parameters_text(part.parameters), fontsize=SMALL, color=MUTED, va="center")
    for route in part.inside:
        _draw_arrow(axes, route)
    for box in part.boxes:
        fill, edge, _ = LOOKS[family(box.layer, part.layers)]
        _draw_frame(axes, (box.left, box.top), (box.width, box.height), fill, edge)
        _write(axes, box)


def _write(axes: Axes, box: Box) -> None:
    """Heading, shape and parameters; a low box has one line and no shape."""
    layer, left, right = box.layer, box.left + PAD, box.right - PAD
    first, second = (box.top + 13, box.bottom - 11) if box.height > LOW else 2 * (box.top + box.height / 2,)
    axes.text(left, first, layer.heading, fontsize=TEXT, color=INK, va="center")
    if box.height > LOW:
        axes.text(left, second, layer.shape_text, fontsize=SMALL, color=MUTED, va="center")
    count = parameters_text(layer.parameters)
    axes.text(right, second, count, fontsize=SMALL, color=MUTED, ha="right", va="center")


def _draw_step(axes: Axes, text: str, part: Lane, following: Lane, width: float) -> None:
    """The box between two parts, half-way up, with the ways from the one's outputs and to the other's inputs."""
    x, y, half = part.right + BESIDE + width / 2, part.bottom / 2, LINE * (text.count("\n") + 1) / 2 + PAD
    for way in part.leaving(x):
        _draw_arrow(axes, [*way[:-1], (x, y + half)])
    for way in following.entering(x):
        _draw_arrow(axes, [(x, y - half), *way])
    _draw_frame(axes, (x - width / 2, y - half), (width, 2 * half), *STEP)
    axes.text(x, y, text, fontsize=TEXT, color=INK, ha="center", va="center", linespacing=1.4)


def _draw_frame(axes: Axes, corner: tuple[float, float], size: tuple[float, float], fill: str, edge: str) -> None:
    style = "round,pad=0,rounding_size=5"
    axes.add_patch(FancyBboxPatch(corner, *size, style, facecolor=fill, edgecolor=edge, zorder=2.5))


def _draw_arrow(axes: Axes, route: Route) -> None:
    look: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 8, "shrinkA": 0, "shrinkB": 0, "joinstyle": "round"}
    axes.add_patch(FancyArrowPatch(path=Path(route), color=MUTED, linewidth=0.9, zorder=2, **look))


def _draw_legend(figure: Figure, families: Iterable[Family]) -> None:
    """What the colours mean, of those that occur."""
    present = set(families)
    handles = [
        Patch(facecolor=fill, edgecolor=edge, label=name)
        for kind, (fill, edge, name) in LOOKS.items()
        if kind in present
    ]
    corner = EDGE / figure.bbox.width, 4 / figure.bbox.height
    look: dict[str, Any] = {
        "frameon": False,
        "fontsize": SMALL,
        "labelcolor": INK,
        "handlelength": 1.2,
        "borderaxespad": 0.4,
    }
    figure.legend(handles=handles, ncols=len(handles), loc="lower left", bbox_to_anchor=corner, **look)
