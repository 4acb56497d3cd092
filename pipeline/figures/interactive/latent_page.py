"""The latent space as a page that answers the mouse: over a point it shows the image that the point stands for."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import to_hex

from pipeline.figures.interactive.web_page import CONFIG, chart_layout, image_address, plotly_text, web_page
from pipeline.figures.kit.classes import named_classes
from pipeline.figures.kit.png import image_png
from pipeline.figures.kit.rgb import as_rgb, shrunk
from pipeline.figures.kit.style import class_colors
from pipeline.figures.latent.labelled_points import LabelledPoints
from pipeline.text.wording import shortened

MOUSE = {
    "scrollZoom": True,
    "showTips": False,  # the hint says the same
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
}
"""Settings of plotly.js for a chart that is moved and magnified with the mouse."""
LARGEST = 64
"""Pixels of the longer side of an image in the page; larger ones are shrunk."""
SHOWN = 168
"""Pixels of the longer side of a magnified image at most."""
SPREAD = 0.3
"""How far points of one dimension lie off the line of their class, in distances between two lines."""
LONGEST = 120
"""Cells of a class name beside its image."""
TITLE = "Posterior means by class"
HINT = "Point at a dot to see its image. Click a class to hide or show it, double-click it to see it alone."


def interactive_latent(labelled: LabelledPoints, images: np.ndarray) -> str:
    """A page of HTML with a scatter of images, that needs no other file and no network.

    Args:
        labelled: N points; on a line, the classes lie on lines of their own. Points that are not finite are left out.
        images: [N, H, W, C], uint8 or floating point in [0, 1]; shrunk where they are larger than 64 pixels.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    if len(images) != len(labelled):
        raise ValueError(f"there are {len(images)} images for {len(labelled)} points; expected one a point")
    points = labelled.points
    labels = labelled.labels
    class_names = labelled.class_names
    pixels = shrunk(as_rgb(images), LARGEST)
    factor = max(1, SHOWN // max(pixels.shape[1:3]))
    addresses = [image_address(image_png(image)) for image in pixels]
    codes = [to_hex(tuple(color)) for color in class_colors(len(class_names))]
    finite = labelled.is_finite
    groups = _groups(np.where(finite, labels, -1), class_names)
    names = [plotly_text(name) for name, _ in groups]
    traces = [
        {
            "mode": "markers",
            "name": name,
            "marker": {"color": [codes[label] for label in labels[members]], "size": 6, "opacity": 0.8},
            "text": [shortened(class_names[label], LONGEST) for label in labels[members]],
            "customdata": [addresses[member] for member in members],
            "hoverinfo": "none",  # the tooltip shows it
            **_places(points[members], row),
        }
        for row, (name, (_, members)) in enumerate(zip(names, groups, strict=True))
    ]
    scene = {
        "size": [factor * pixels.shape[2], factor * pixels.shape[1]],
        "dimensions": points.shape[1],
        "traces": traces,
        "layout": _layout(points.shape[1], names, labelled.axis_names()),
        "config": CONFIG | MOUSE,
    }
    left_out = "" if finite.all() else f" {(~finite).sum():,} points are not finite and left out."
    hint = f"{len(points):,} images. {HINT}{left_out}"
    return web_page("figures/interactive/latent_page.html", title=TITLE, hint=hint, scene=scene)


def _groups(labels: np.ndarray, class_names: Sequence[str]) -> list[tuple[str, np.ndarray]]:
    """What the legend hides and shows: names and points of each class, and of very many classes the rest together.

    Args:
        labels: integers [N], indices into class_names; −1 for a point that is left out.
    """
    present = labels[labels >= 0]
    classes = named_classes(present, class_names).among(present)
    groups = [
        (name, np.flatnonzero(labels == label)) for label, name in zip(classes.labels, classes.names, strict=True)
    ]
    others = np.setdiff1d(present, classes.labels)
    if len(others):
        groups.append((f"{len(others):,} more classes", np.flatnonzero(np.isin(labels, others))))
    return groups


def _places(points: np.ndarray, row: int) -> dict[str, list[float]]:
    """Coordinates of points [K, 1 or 2] of a group; those of one dimension are spread around the row of the group."""
    if points.shape[1] == 1:
        heights = np.random.default_rng(row).uniform(row - SPREAD, row + SPREAD, points.shape)
        points = np.hstack([points, heights])
    x, y = np.round(points.T, 4).tolist()
    return {"x": x, "y": y}


def _layout(dimensions: int, names: Sequence[str], axes: Sequence[str]) -> dict[str, Any]:
    """The layout of points in a plane, or of one row for each name, the first on top."""
    layout = chart_layout(axes[0], axes[1] if dimensions == 2 else "")
    layout |= {"dragmode": "pan", "showlegend": len(names) > 1, "legend": {"itemsizing": "constant"}}
    if dimensions == 2:
        layout["yaxis"]["scaleanchor"] = "x"
    else:
        layout["yaxis"] |= {"tickvals": list(range(len(names))), "ticktext": list(names)}
        layout["yaxis"] |= {"range": [len(names) - 0.5, -0.5], "automargin": True}
    return layout
