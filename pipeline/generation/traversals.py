"""Each latent dimension moved alone."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from pipeline import figures
from pipeline.config.values import Count
from pipeline.generation.made import Made
from pipeline.generation.plane import LOOKED_AT
from pipeline.latent.encoding import decode, encode
from pipeline.latent.paths import traversed
from pipeline.runs.loaded_run import Trained


@dataclass(frozen=True, kw_only=True)
class Traversals:
    """Lines along the latent's own dimensions, the others at their mean.

    Attributes:
        steps: of each line.
        dimensions: at most so many, the most varied first.
    """

    steps: Annotated[Count, Field(ge=2)]
    dimensions: Count

    def make(self, trained: Trained) -> Made:
        """A row for each dimension."""
        means = encode(trained.vae, trained.data.test.images[:LOOKED_AT]).mean
        path = traversed(means, self.steps, most=self.dimensions, prior=trained.vae.objective.sampling)
        images = decode(trained.vae, path.latents)
        figure = figures.traversals(images, path.values, path.names)
        return Made(images, path.latents, figure, film=np.moveaxis(images, 1, 0))
