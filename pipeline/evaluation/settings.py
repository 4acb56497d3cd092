"""The settings of an evaluation."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from pipeline.config.values import Count, Seed

Images = Annotated[Count, Field(examples=[1000])] | None
"""The largest number of images that is drawn at random; null takes all."""


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings:
    """Settings of `evaluate`: which split is evaluated, and how much is computed for each estimate.

    Attributes:
        split: that is evaluated.
        importance_samples: latents drawn for each image in the bound on its −log p(x); null computes none.
        nll_images: images for which that bound is computed.
        information_images: images between which mutual information is estimated.
        neighbours: training images that vote on the class of an image; null asks none.
        neighbour_images: training images among which these are sought.
        seed: of the latents and of the choice of images.
    """

    split: Literal["validation", "test"]
    importance_samples: Count | None
    nll_images: Images
    information_images: Images
    neighbours: Count | None
    neighbour_images: Images
    seed: Seed
