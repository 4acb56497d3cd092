"""Image files as latents."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.picture import read_picture
from pipeline.errors import InputError
from pipeline.evaluation.encoded import encode
from pipeline.generation.made import Made
from pipeline.settings import Text
from pipeline.trained import Trained


@dataclass(frozen=True, kw_only=True)
class Encodings:
    """The posterior means of a folder's images.

    Attributes:
        folder: with image files at any depth; those that begin with a dot are ignored.
    """

    folder: Text

    def make(self, trained: Trained) -> Made:
        """A table: the file, the posterior mean of each dimension, and the rate in nats."""
        root = Path(self.folder).expanduser()
        files = sorted(path for path in root.rglob("*") if path.is_file() and not path.name.startswith("."))
        if not files:
            raise InputError(f"what.folder={self.folder}: holds no file; wanted a folder with images")
        height, width, channels = trained.vae.image_shape
        images = np.stack([read_picture(file, height=height, width=width, channels=channels) for file in files])
        encoded = encode(trained.vae, images)
        table = pd.DataFrame(encoded.mean, columns=[f"z{number + 1}" for number in range(trained.vae.latent_dim)])
        table.insert(0, "file", [str(file.relative_to(root)) for file in files])
        table["rate"] = encoded.rates.sum(axis=1)
        return Made(images, encoded.mean, None, table=table)
