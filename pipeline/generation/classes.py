"""The same latent as each class."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from pipeline import figures
from pipeline.config.values import Natural
from pipeline.errors import InputError
from pipeline.generation.asked_classes import AskedClasses, asked_labels, names_of
from pipeline.generation.generated import Generated
from pipeline.latent.encoding import decode_as, encode
from pipeline.runs.loaded_run import LoadedRun


@dataclass(frozen=True, kw_only=True)
class Classes:
    """Test images whose latents a conditional model decodes as each class: what the class does not say is kept.

    Attributes:
        images: positions in the test split.
        classes: as which they are decoded.
    """

    images: Annotated[list[Natural], Field(min_length=1, examples=[[0, 1]])]
    classes: AskedClasses

    def generate(self, trained: LoadedRun) -> Generated:
        """A row for each image, [N, K] images.

        Raises:
            InputError: the model is not conditional, or has no such class; or a position beyond the test split.
        """
        labels = asked_labels(self.classes, trained)
        if labels is None:
            raise InputError(
                f"what=classes: run {trained.id} is not conditional, and decodes a latent in one way. Name a run that "
                "was trained with model.conditional=true"
            )
        test = trained.data.test
        if max(self.images) >= len(test):
            raise InputError(
                f"what.images: there is no test image {max(self.images)}; there are {len(test)}, counted from 0. Give "
                "smaller positions"
            )
        chosen = test.take(np.array(self.images))
        means = encode(trained.vae, chosen.rows, chosen.labels).mean
        images = np.moveaxis(decode_as(trained.vae, means, labels), 0, 1)
        own = [int(np.flatnonzero(labels == label)[0]) if label in labels else -1 for label in chosen.labels]
        names = names_of(labels, trained)
        figure = figures.class_swap(chosen.images, images, own, names)
        return Generated(images, np.stack([means] * len(labels), axis=1), figure, classes=names)
