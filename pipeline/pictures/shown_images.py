"""Images on the latent plane of a model; what is computed of them is computed once, when it is first drawn."""

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from pipeline.data.images import Split
from pipeline.evaluation.disentanglement.compared import Compared
from pipeline.evaluation.disentanglement.information import information_beyond_chance
from pipeline.figures import DecodedPlane, FollowedFactors, LabelledPoints
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
    def compared(self) -> Compared | None:
        """The means beside the factors of the images; None where there is nothing to compare."""
        vae, factors = self.gallery.vae, self.gallery.data.factors
        told = self.split.labels if vae.conditional else None
        return Compared.of(self.means, self.split.factors, factors, prior=vae.objective.sampling, told=told)

    @cached_property
    def followed(self) -> FollowedFactors:
        """What the active latents tell of the factors; nothing where nothing can be compared."""
        compared = self.compared
        if compared is None:
            return FollowedFactors(np.zeros((0, 0)), [], [])
        shares = information_beyond_chance(compared.latents, compared.values)
        latents = [f"z{position + 1}" for position in compared.positions]
        return FollowedFactors(shares, latents, [factor.name for factor in compared.factors])

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
