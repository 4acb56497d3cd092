"""Images on the latent plane of a model; what is computed of them is computed once, when it is first drawn."""

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from pipeline.data.images import Split
from pipeline.figures import DecodedPlane, LabelledPoints
from pipeline.latent.plane import LatentPlane

if TYPE_CHECKING:
    from pipeline.pictures.gallery import Gallery


class ShownImages:
    """Images that several pictures show.

    Args:
        gallery: whose model encodes and decodes them.
        split: the images and their labels.
    """

    def __init__(self, gallery: "Gallery", split: Split) -> None:
        self.gallery = gallery
        self.split = split

    @cached_property
    def means(self) -> np.ndarray:
        """The posterior means of the images, [N, D]."""
        return self.gallery.means(self.split)

    @cached_property
    def plane(self) -> LatentPlane:
        """The plane through the means."""
        return self.gallery.plane(self.means)

    @cached_property
    def points(self) -> LabelledPoints:
        """The means as points on the plane."""
        return self.gallery.labelled(self.plane, self.split.labels)

    @cached_property
    def decoded(self) -> DecodedPlane:
        """What the coordinates of the plane decode to."""
        return self.gallery.decoded_plane(self.plane)
