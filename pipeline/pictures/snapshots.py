"""The course of a training: where the same images lie in the latent space, and their reconstructions, by epoch."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.data.images import Split
from pipeline.latent.encoding import decode, encode
from pipeline.models.vae import VAE

RECONSTRUCTED = 10
"""The first so many of the images are reconstructed, all are encoded."""


@dataclass(frozen=True)
class Course:
    """All snapshots of a training.

    Attributes:
        epochs: ascending, [E]; 0 is the untrained model.
        means: posterior means, [E, N, D].
        reconstructions: float16 in [0, 1], [E, n, H, W, C], of the first images.
    """

    epochs: list[int]
    means: np.ndarray
    reconstructions: np.ndarray


class Snapshots:
    """Keeps posterior means and reconstructions after each epoch in a folder, so that a resumed run has them all.

    Args:
        vae: as it trains.
        split: the images, N.
        folder: made when needed.
    """

    def __init__(self, vae: VAE, split: Split, folder: Path) -> None:
        self.vae = vae
        self.split = split
        self.folder = folder

    def keep(self, epoch: int) -> None:
        """Add the model as it is now. An epoch that is trained once more replaces its snapshot."""
        means = encode(self.vae, self.split.rows, self.split.labels).mean.astype("float32")
        # Not uint8, in which a pixel that is not a number could not be told from black.
        reconstructions = decode(self.vae, means[:RECONSTRUCTED], self.split.labels[:RECONSTRUCTED]).astype("float16")
        self.folder.mkdir(parents=True, exist_ok=True)
        np.savez(self.folder / f"{epoch:06}.npz", means=means, reconstructions=reconstructions)

    def course(self) -> Course:
        """All snapshots in the order of their epochs."""
        files = sorted(self.folder.glob("*.npz"))
        kept = [dict(np.load(file, allow_pickle=False)) for file in files]
        means, reconstructions = (np.stack([each[name] for each in kept]) for name in ("means", "reconstructions"))
        return Course([int(file.stem) for file in files], means, reconstructions)

    def forget(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
