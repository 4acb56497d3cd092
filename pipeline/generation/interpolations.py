"""The way from one image to another."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from pipeline import figures
from pipeline.config.values import Count, Text
from pipeline.errors import InputError
from pipeline.generation.asked_classes import AskedClasses, asked_labels
from pipeline.generation.generated import Generated
from pipeline.generation.own_files import own_files, own_labels
from pipeline.latent.encoding import decode, encode
from pipeline.latent.traversal import interpolated, nearer_ends
from pipeline.pictures.settings import Pair
from pipeline.runs.loaded_run import LoadedRun
from pipeline.text.wording import counted


@dataclass(frozen=True, kw_only=True)
class Interpolations:
    """Straight lines between the posterior means of two images each.

    Attributes:
        pairs: positions in the test split.
        files: of the user's own, two and two; where there are any, pairs do not matter.
        steps: of each line, both ends included.
        classes: of a conditional model, of the files: one for all, or one each; test images have classes of their own.
    """

    pairs: Annotated[list[Pair], Field(min_length=1, examples=[[[0, 1]]])]
    files: list[Text]
    steps: Annotated[Count, Field(ge=2)]
    classes: AskedClasses

    def generate(self, trained: LoadedRun) -> Generated:
        """A row for each pair, [R, steps] images; a conditional model decodes each as the class of the nearer end.

        Raises:
            InputError: an odd number of files, one that cannot be read, or a position beyond the test split; classes
                that are missing, unknown or not asked for.
        """
        ends, labels = self._own(trained) if self.files else self._of_the_data(trained)  # [R, 2, H, W, C] and [R, 2]
        first, last = (encode(trained.vae, ends[:, end], labels[:, end]).mean for end in (0, 1))
        latents = interpolated(first, last, self.steps)
        images = decode(trained.vae, latents, nearer_ends(labels[:, 0], labels[:, 1], self.steps))
        figure = figures.interpolations(ends[:, 0], ends[:, 1], images, by_class=trained.vae.conditional)
        return Generated(images, latents, figure, film=np.moveaxis(images, 1, 0))

    def _own(self, trained: LoadedRun) -> tuple[np.ndarray, np.ndarray]:
        """The user's own files two by two, uint8 [R, 2, H, W, C], and their labels, int [R, 2]."""
        if len(self.files) % 2:
            raise InputError(
                f"what.files: {counted(len(self.files), 'file')}; expected an even number, the two ends of each line"
            )
        labels = own_labels(self.classes, len(self.files), trained)
        images = own_files([Path(file).expanduser() for file in self.files], trained).images
        labels = np.zeros(len(images), np.int64) if labels is None else labels
        return images.reshape(-1, 2, *images.shape[1:]), labels.reshape(-1, 2)

    def _of_the_data(self, trained: LoadedRun) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of test images, uint8 [R, 2, H, W, C], and their labels, int [R, 2]."""
        if self.classes is not None and asked_labels(self.classes, trained) is not None:
            raise InputError(
                "what.classes: test images have classes of their own; expected null. Leave it out, or name files of "
                "your own: what.files=[me.png,you.png]"
            )
        test = trained.data.test.images
        for position in (each for pair in self.pairs for each in pair):
            if position >= len(test):
                raise InputError(
                    f"what.pairs: there is no test image {position}; there are {len(test)}, counted from 0. Give "
                    "smaller positions"
                )
        return test[np.array(self.pairs)], trained.data.test.labels[np.array(self.pairs)]
