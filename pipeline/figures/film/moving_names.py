"""Names of classes that follow their points."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import IdentityTransform

from pipeline.figures.kit.classes import Classes
from pipeline.figures.kit.style import DPI
from pipeline.figures.latent.scatter import name_places


class MovingNames:
    """The names of the classes at the medians of their points, as `draw_scatter` writes them, but quick to move.

    Args:
        axes: with their final limits.
        points: [E, N, 2]; labels: of the points, integers [N].
        classes: those of them that are named.
        text: font size in points.
    """

    def __init__(self, axes: Axes, points: np.ndarray, labels: np.ndarray, classes: Classes, text: float) -> None:
        medians = np.stack([np.median(points[:, labels == label], axis=1) for label in classes.labels], axis=1)
        self.places = [name_places(axes, places, classes.names, text) for places in medians]
        glyphs = [_glyphs(name, text) for name in classes.names]
        halo = PathCollection(glyphs, facecolors="white", edgecolors="white", linewidths=text / 3.2)
        ink = PathCollection(glyphs, facecolors=classes.colors * 0.45, linewidths=0)
        self.artists = (halo, ink)
        for artist in self.artists:
            axes.add_collection(artist, autolim=False)
            artist.set(transform=IdentityTransform(), offset_transform=IdentityTransform())

    def at(self, moment: float) -> Sequence[PathCollection]:
        """What to draw at this moment between two epochs; nothing where either has no room for the names."""
        before, after = self.places[math.floor(moment)], self.places[math.ceil(moment)]
        if before is None or after is None:
            return ()
        for artist in self.artists:
            artist.set_offsets(before + moment % 1 * (after - before))
        return self.artists


def _glyphs(name: str, text: float) -> Path:
    """The outlines of a name in pixels, around its middle."""
    path = TextPath((0, 0), name, size=text * DPI / 72, prop=FontProperties(weight="bold"))
    return Path(path.vertices - path.get_extents().get_points().mean(axis=0), path.codes)
