"""The course of a training in pictures: the same images after every epoch, where they lie and how they come out."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from keras import ops

from pipeline.data.images import Split
from pipeline.latent.encoding import encode
from pipeline.models.vae import VAE

RECONSTRUCTED = 10
"""The first so many of the images are reconstructed, all are encoded."""


@dataclass(frozen=True)
class Frames:
    """What was kept.

    Attributes:
        epochs: E of them, ascending; 0 is the untrained model.
        means: [E, N, D].
        reconstructions: float16 in [0, 1], [E, n, H, W, C], of the first images.
    """

    epochs: list[int]
    means: np.ndarray
    reconstructions: np.ndarray


class Course:
    """Keeps posterior means and reconstructions after each epoch in a folder, so that a resumed run has them all.

    Args:
        vae: as it trains.
        split: the images, N.
        folder: made when needed.
    """

    def __init__(self, vae: VAE, split: Split, folder: Path) -> None:
        self.vae, self.split, self.folder = vae, split, folder

    def keep(self, epoch: int) -> None:
        """Add the model as it is now. An epoch that is trained once more replaces what was kept of it."""
        means = encode(self.vae, self.split.images).mean.astype("float32")
        decoded = ops.convert_to_numpy(self.vae.decode(means[:RECONSTRUCTED]))
        self.folder.mkdir(parents=True, exist_ok=True)
        reconstructions = np.clip(decoded, 0, 1).astype("float16")  # not uint8: what is broken must show as broken
        np.savez(self.folder / f"{epoch:06}.npz", means=means, reconstructions=reconstructions)

    def frames(self) -> Frames:
        """All that was kept."""
        files = sorted(self.folder.glob("*.npz"))
        kept = [dict(np.load(file, allow_pickle=False)) for file in files]
        means, reconstructions = (np.stack([each[name] for each in kept]) for name in ("means", "reconstructions"))
        return Frames([int(file.stem) for file in files], means, reconstructions)

    def forget(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
