"""What was made, and how it becomes files."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd

from pipeline import figures
from pipeline.runs.loaded_run import Trained


@dataclass(frozen=True)
class Made:
    """Images and the latents that they belong to.

    Attributes:
        images: [..., H, W, C] in [0, 1].
        latents: [..., D].
        figure: that shows them; None where there is nothing to see.
        film: [frames, N, H, W, C] in [0, 1], which play forwards and backwards; None where nothing moves.
        table: of the latents; None where nobody needs one.
    """

    images: np.ndarray
    latents: np.ndarray
    figure: figures.Figure | None
    film: np.ndarray | None = None
    table: pd.DataFrame | None = None

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Endings of files and what is in them."""
        arrays = io.BytesIO()
        np.savez_compressed(arrays, images=self.images, latents=self.latents)
        yield "npz", arrays.getvalue()
        if self.figure:
            yield "png", figures.png(self.figure)
        if self.film is not None:
            yield "gif", figures.loop(self.film)
        if self.table is not None:
            yield "csv", self.table.to_csv(index=False).encode()


@runtime_checkable
class Maker(Protocol):
    """Makes something of a trained model."""

    def make(self, trained: Trained) -> Made:
        """Make it.

        Raises:
            InputError: it cannot be made of this model.
        """
        ...
