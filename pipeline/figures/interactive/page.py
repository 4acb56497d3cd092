"""The latent space as a page that answers the mouse: over a point it shows the image that the point stands for."""

import base64
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from matplotlib.colors import to_hex

from pipeline.figures.interactive.sprite import Sprite, sprite
from pipeline.figures.latents import axis_names, checked_points
from pipeline.figures.style import INK, LINE, MUTED, class_colors

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
LETTERS = 28  # of a class name in the legend
HINT = "Point at a dot to see its image. Click a class to hide or show it, double-click it to see it alone."


def interactive_latent(
    points: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
    images: np.ndarray,
    explained: Sequence[float] | np.ndarray | None = None,
    *,
    title: str = "Posterior means by class",
) -> str:
    """A page of HTML that needs no other file and no network.

    Args:
        points: [N, 1 or 2]; where the latent space is a line, the classes lie on lines of their own. Points that
            are not finite are left out.
        labels: integers [N], indices into class_names.
        images: [N, H, W, C], uint8 or floating point in [0, 1]; shrunk where they are larger than 64 pixels.
        explained: shares of the variance along the principal axes, where the points are coordinates on those.
    """
    from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]

    if len(images) != len(points):
        raise ValueError(f"there are {len(images)} images for {len(points)} points; wanted one a point")
    points, labels = checked_points(points, labels, class_names)
    finite = np.isfinite(points).all(axis=1)
    present = np.unique(labels[finite])
    members = [np.flatnonzero(finite & (labels == label)) for label in present]
    names, colors = [class_names[label] for label in present], class_colors(len(class_names))[present]
    scene = {
        "names": names,
        "dimensions": points.shape[1],
        "traces": [_trace(lane, *of, points) for lane, of in enumerate(zip(names, colors, members, strict=True))],
        "layout": _layout(points.shape[1], names, explained),
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


def _trace(lane: int, name: str, color: np.ndarray, members: np.ndarray, points: np.ndarray) -> dict[str, Any]:
    """The points of one class; those of one dimension are spread around the class's line."""
    places = dict(zip("xy", np.round(points[members], 4).T.tolist(), strict=False))
    if points.shape[1] == 1:
        spread = np.random.default_rng(lane).uniform(-JITTER, JITTER, len(members))
        places["y"] = np.round(lane + spread, 3).tolist()
    return {
        "type": "scatter",
        "mode": "markers",
        "name": _legend_name(name),
        "marker": {"color": to_hex(tuple(color)), "size": 6, "opacity": 0.8, "line": {"width": 0}},
        "hoverinfo": "none",  # the card shows it
        "customdata": members.tolist(),
        **places,
    }


def _layout(dimensions: int, names: Sequence[str], explained: Sequence[float] | np.ndarray | None) -> dict[str, Any]:
    look = {"gridcolor": "#eceef1", "linecolor": LINE, "zeroline": False, "showline": True, "mirror": True}
    axes = [{"title": {"text": name, "font": {"size": 12}}} | look for name in axis_names(explained)]
    lanes = {"tickvals": list(range(len(names))), "ticktext": [_legend_name(name) for name in names]}
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


def _legend_name(name: str) -> str:
    """The name as plotly, which reads a little HTML, writes it literally; a long one ends in dots."""
    return escape(name if len(name) <= LETTERS else name[: LETTERS - 1] + "…", quote=False)


def _sprite_facts(sheet: Sprite) -> dict[str, Any]:
    """What the page must know to cut an image out of the sheet and magnify it by a whole number."""
    return {
        "sprite": "data:image/png;base64," + base64.b64encode(sheet.png).decode("ascii"),
        "height": sheet.height,
        "width": sheet.width,
        "columns": sheet.columns,
        "magnification": max(1, SHOWN // max(sheet.height, sheet.width)),
    }
