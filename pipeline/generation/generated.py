"""Generated images and latents, and how they become files."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd

from pipeline import figures
from pipeline.runs.loaded_run import LoadedRun


@dataclass(frozen=True)
class Generated:
    """Images and the latents that they belong to.

    Attributes:
        images: decoded ones [..., H, W, C] in [0, 1]; or encoded ones, uint8.
        latents: [..., D].
        figure: that shows the images; None where there is nothing to see.
        film: frames [frames, N, H, W, C] in [0, 1] that play forwards and backwards; None where nothing moves.
        table: of the latents; None where nobody needs one.
        classes: of a conditional model, the names of the classes along the axis of the images that they differ in.
    """

    images: np.ndarray
    latents: np.ndarray
    figure: figures.Figure | None
    film: np.ndarray | None = None
    table: pd.DataFrame | None = None
    classes: Sequence[str] | None = None

    def files(self) -> Iterator[tuple[str, bytes]]:
        """The ending of each file and its content."""
        arrays = io.BytesIO()
        content = {"images": self.images, "latents": self.latents}
        content |= {} if self.classes is None else {"classes": np.array(self.classes)}
        np.savez_compressed(arrays, **content)  # type: ignore[arg-type]
        yield "npz", arrays.getvalue()
        if self.figure:
            yield "png", figures.png(self.figure)
        if self.film is not None:
            yield "gif", figures.loop(self.film)
        if self.table is not None:
            yield "csv", self.table.to_csv(index=False).encode()


@runtime_checkable
class Generator(Protocol):
    """Generates images or latents with a trained model."""

    def generate(self, trained: LoadedRun) -> Generated:
        """Generate them.

        Raises:
            InputError: this model cannot generate them.
        """
        ...
