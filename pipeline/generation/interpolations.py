"""The way from one image to another."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from pipeline import figures
from pipeline.config.values import Count, Text
from pipeline.errors import InputError
from pipeline.generation.generated import Generated
from pipeline.generation.own_files import own_files
from pipeline.latent.encoding import decode, encode
from pipeline.latent.traversal import interpolated
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
    """

    pairs: Annotated[list[Pair], Field(min_length=1, examples=[[[0, 1]]])]
    files: list[Text]
    steps: Annotated[Count, Field(ge=2)]

    def generate(self, trained: LoadedRun) -> Generated:
        """A row for each pair, [R, steps] images.

        Raises:
            InputError: an odd number of files, one that cannot be read, or a position beyond the test split.
        """
        ends = self._own(trained) if self.files else self._of_the_data(trained)  # [R, 2, H, W, C]
        first, last = (encode(trained.vae, ends[:, end]).mean for end in (0, 1))
        latents = interpolated(first, last, self.steps)
        images = decode(trained.vae, latents)
        figure = figures.interpolations(ends[:, 0], ends[:, 1], images)
        return Generated(images, latents, figure, film=np.moveaxis(images, 1, 0))

    def _own(self, trained: LoadedRun) -> np.ndarray:
        """The user's own files two by two, uint8 [R, 2, H, W, C]."""
        if len(self.files) % 2:
            raise InputError(
                f"what.files: {counted(len(self.files), 'file')}; expected an even number, the two ends of each line"
            )
        images = own_files([Path(file).expanduser() for file in self.files], trained).images
        return images.reshape(-1, 2, *images.shape[1:])

    def _of_the_data(self, trained: LoadedRun) -> np.ndarray:
        """Pairs of test images, uint8 [R, 2, H, W, C]."""
        test = trained.data.test.images
        for position in (each for pair in self.pairs for each in pair):
            if position >= len(test):
                raise InputError(
                    f"what.pairs: there is no test image {position}; there are {len(test)}, counted from 0. Give "
                    "smaller positions"
                )
        return test[np.array(self.pairs)]
