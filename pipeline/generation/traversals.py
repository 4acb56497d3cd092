"""Each latent dimension moved alone."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from pipeline import figures
from pipeline.config.values import Count
from pipeline.evaluation.disentanglement.compared import Compared
from pipeline.evaluation.disentanglement.followed import followed_factors
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
        prior = trained.vae.objective.sampling
        shown = trained.data.test.take(np.arange(min(PLANE_IMAGES, len(trained.data.test))))
        means = encode(trained.vae, shown.rows).mean
        follows = followed_factors(Compared.of(means, shown.factors, trained.data.factors, prior=prior))
        lines = traversal(means, self.steps, dimensions=self.dimensions, prior=prior, follows=follows)
        images = decode(trained.vae, lines.latents)
        figure = figures.traversals(images, lines.values, lines.names)
        return Generated(images, lines.latents, figure, film=np.moveaxis(images, 1, 0))
