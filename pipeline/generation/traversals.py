"""Each latent dimension moved alone."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from pipeline import figures
from pipeline.config.values import Count
from pipeline.generation.generated import Generated
from pipeline.generation.plane import PLANE_IMAGES
from pipeline.latent.encoding import decode, encode
from pipeline.latent.traversal import traversal
from pipeline.runs.loaded_run import LoadedRun


@dataclass(frozen=True, kw_only=True)
class Traversals:
    """Lines along the latent's own dimensions, the others at their mean.

    Attributes:
        steps: of each line.
        dimensions: at most so many, the most varied first.
    """

    steps: Annotated[Count, Field(ge=2)]
    dimensions: Count

    def generate(self, trained: LoadedRun) -> Generated:
        """A row for each dimension, [dimensions, steps] images."""
        means = encode(trained.vae, trained.data.test.images[:PLANE_IMAGES]).mean
        lines = traversal(means, self.steps, dimensions=self.dimensions, prior=trained.vae.objective.sampling)
        images = decode(trained.vae, lines.latents)
        figure = figures.traversals(images, lines.values, lines.names)
        return Generated(images, lines.latents, figure, film=np.moveaxis(images, 1, 0))
