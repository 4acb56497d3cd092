"""Each latent dimension moved alone."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from pipeline import figures
from pipeline.config.values import Count
from pipeline.evaluation.disentanglement.compared import Compared
from pipeline.evaluation.disentanglement.followed import followed_factors
from pipeline.generation.asked_classes import AskedClasses, asked_labels, names_of
from pipeline.generation.generated import Generated
from pipeline.generation.plane import posterior_means, some_test_images
from pipeline.latent.encoding import decode, decode_as
from pipeline.latent.traversal import Traversal, traversal
from pipeline.runs.loaded_run import LoadedRun
from pipeline.text.wording import shortened

NAME_CELLS = 20
"""Cells of a class's name before the name of a dimension."""


@dataclass(frozen=True, kw_only=True)
class Traversals:
    """Lines along the latent's own dimensions, the others at their mean.

    Attributes:
        steps: of each line.
        dimensions: at most so many, the most varied first; of several classes so many in all, but one of each.
        classes: of a conditional model, as each of which the lines are decoded.
    """

    steps: Annotated[Count, Field(ge=2)]
    dimensions: Count
    classes: AskedClasses

    def generate(self, trained: LoadedRun) -> Generated:
        """A row for each dimension, [dimensions, steps] images; of a conditional model [K, dimensions, steps].

        Raises:
            InputError: the model has no such class.
        """
        labels = asked_labels(self.classes, trained)
        lines = self._lines(trained, self.dimensions if labels is None else max(1, self.dimensions // len(labels)))
        if labels is None:
            images = decode(trained.vae, lines.latents)
            figure = figures.traversals(images, lines.values, lines.names)
            return Generated(images, lines.latents, figure, film=np.moveaxis(images, 1, 0))
        classes = names_of(labels, trained)
        images = decode_as(trained.vae, lines.latents, labels)
        rows = images.reshape(-1, *images.shape[2:])
        names = [f"{shortened(name, NAME_CELLS)}  {line}" for name in classes for line in lines.names]
        figure = figures.traversals(rows, lines.values, names, "Latent traversals as each class")
        latents = np.stack([lines.latents] * len(classes))
        return Generated(images, latents, figure, film=np.moveaxis(rows, 1, 0), classes=classes)

    def _lines(self, trained: LoadedRun, dimensions: int) -> Traversal:
        """A line along each dimension, with the name of the factor that it follows."""
        prior, data = trained.vae.objective.sampling, trained.data
        shown = some_test_images(trained)
        means = posterior_means(trained, shown)
        told = shown.labels if trained.vae.conditional else None
        follows = followed_factors(Compared.of(means, shown.factors, data.factors, prior=prior, told=told))
        return traversal(means, self.steps, dimensions=dimensions, prior=prior, follows=follows)
