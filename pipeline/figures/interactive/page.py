"""The latent space as a page that answers the mouse: over a point it shows the image that the point stands for."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from matplotlib.colors import to_hex

from pipeline.figures.interactive.sprite import Sprite, sprite
from pipeline.figures.kit.axis_names import axis_names
from pipeline.figures.kit.classes import named_classes
from pipeline.figures.kit.style import INK, LINE, MUTED, class_colors
from pipeline.figures.latent.labelled_points import LabelledPoints
from pipeline.text.wording import shortened

PAGE = Template(Path(__file__).with_suffix(".html").read_text("utf-8"))
POLICY = (  # no network at all
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; form-action 'none'"
)
CONFIG = {
    "responsive": True,
    "scrollZoom": True,
    "displaylogo": False,
    "showTips": False,  # the hint says the same
    "showSendToCloud": False,  # a button that uploads the data; plotly.js 4 shows it unless told not to
    "plotlyServerURL": "",
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
}
SHOWN = 168  # pixels, the most that the longer side of a magnified image takes
JITTER = 0.3  # how far points of one dimension lie off their class's line, in distances between two lines
LONGEST = 120  # cells of a class name beside its image
HINT = "Point at a dot to see its image. Click a class to hide or show it, double-click it to see it alone."


@dataclass(frozen=True, eq=False)
class _Group:
    """Points that the legend hides or shows together.

    Attributes:
        name: as plotly, which reads a little HTML, writes it literally.
        color: of all, or of each.
        members: their indices.
    """

    name: str
    color: str | list[str]
    members: np.ndarray


def interactive_latent(labelled: LabelledPoints, images: np.ndarray, *, title: str = "Posterior means by class") -> str:
    """A page of HTML that needs no other file and no network.

    Args:
        labelled: points; on a line, the classes lie on lines of their own. Points that are not finite are left out.
        images: [N, H, W, C], uint8 or floating point in [0, 1]; shrunk where they are larger than 64 pixels.
    """
    from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]

    points, labels, class_names = labelled.points, labelled.labels, labelled.class_names
    if len(images) != len(points):
        raise ValueError(f"there are {len(images)} images for {len(points)} points; expected one a point")
    finite = labelled.is_finite
    groups = _groups(labels, finite, class_names)
    present = np.unique(labels[finite])
    scene = {
        "names": [shortened(class_names[label], LONGEST) for label in present],
        "colors": [to_hex(tuple(color)) for color in class_colors(len(class_names))[present]],
        "classes": np.searchsorted(present, labels).tolist(),
        "dimensions": points.shape[1],
        "traces": [_trace(lane, group, points) for lane, group in enumerate(groups)],
        "layout": _layout(points.shape[1], [group.name for group in groups], labelled.explained),
        "config": CONFIG,
        **_sprite_facts(sprite(images)),
    }
    hint = f"{len(points):,} images. {HINT}"
    if not finite.all():
        hint += f" {len(points) - finite.sum():,} points are not finite and left out."
    look = {"policy": POLICY, "ink": INK, "muted": MUTED, "line": LINE, "plotly": get_plotlyjs()}
    # A "<" in a name could end the script.
    text = json.dumps(scene, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    return PAGE.substitute(look, title=escape(title), hint=hint, scene=text)


def _groups(labels: np.ndarray, finite: np.ndarray, class_names: Sequence[str]) -> list[_Group]:
    """A group for each class that has points, and of very many classes one for all that are not named."""
    classes = named_classes(labels[finite], class_names).among(labels[finite])
    groups = [
        _Group(escape(name, quote=False), to_hex(tuple(color)), np.flatnonzero(finite & (labels == label)))
        for label, name, color in zip(classes.labels, classes.names, classes.colors, strict=True)
    ]
    others = np.flatnonzero(finite & ~np.isin(labels, classes.labels))
    if len(others):
        of_all = class_colors(len(class_names))[labels[others]]
        name = f"{len(np.unique(labels[others])):,} more classes"
        groups.append(_Group(name, [to_hex(tuple(color)) for color in of_all], others))
    return groups


def _trace(lane: int, group: _Group, points: np.ndarray) -> dict[str, Any]:
    """The points of a group; those of one dimension are spread around the group's line."""
    places = dict(zip("xy", np.round(points[group.members], 4).T.tolist(), strict=False))
    if points.shape[1] == 1:
        spread = np.random.default_rng(lane).uniform(-JITTER, JITTER, len(group.members))
        places["y"] = np.round(lane + spread, 3).tolist()
    return {
        "type": "scatter",
        "mode": "markers",
        "name": group.name,
        "marker": {"color": group.color, "size": 6, "opacity": 0.8, "line": {"width": 0}},
        "hoverinfo": "none",  # the card shows it
        "customdata": group.members.tolist(),
        **places,
    }


def _layout(dimensions: int, names: Sequence[str], explained: Sequence[float] | np.ndarray | None) -> dict[str, Any]:
    look = {"gridcolor": "#eceef1", "linecolor": LINE, "zeroline": False, "showline": True, "mirror": True}
    axes = [{"title": {"text": name, "font": {"size": 12}}} | look for name in axis_names(explained)]
    lanes = {"tickvals": list(range(len(names))), "ticktext": list(names)}
    lanes |= look | {"autorange": "reversed", "automargin": True}
    return {
        "font": {"family": "DejaVu Sans, Verdana, sans-serif", "color": INK, "size": 12},
        "margin": {"l": 60, "r": 20, "t": 34, "b": 48},
        "hovermode": "closest",
        "dragmode": "pan",
        "showlegend": len(names) > 1,
        "legend": {"itemsizing": "constant"},
        "xaxis": axes[0],
        "yaxis": axes[1] | {"scaleanchor": "x"} if dimensions == 2 else lanes,
    }


def _sprite_facts(sheet: Sprite) -> dict[str, Any]:
    """What the page must know to cut an image out of the sheet and magnify it by a whole number."""
    return {
        "sprite": "data:image/png;base64," + base64.b64encode(sheet.png).decode("ascii"),
        "height": sheet.height,
        "width": sheet.width,
        "columns": sheet.columns,
        "magnification": max(1, SHOWN // max(sheet.height, sheet.width)),
    }
