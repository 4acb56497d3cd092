"""The scores of single images, which pair the images of models that are compared, and tell which images are unusual."""

import io
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from pipeline.data.random_stream import random_stream
from pipeline.errors import InputError
from pipeline.evaluation.scores import CATALOGUE
from pipeline.latent.encoding import Encoded
from pipeline.models.vae import VAE
from pipeline.text.wording import first_line

OF_AN_IMAGE = ("elbo", "rate", "distortion", "mse", "nll")
"""Scores that a single image has, by the names in the catalogue; the NLL where it was computed."""
_ORIGIN = ("split", "fingerprint", "likelihood", "seed", "importance_samples")


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageScores:
    """The scores of a model on each image of a split.

    Attributes:
        split: that was evaluated.
        fingerprint: of the data that have the split.
        likelihood: the class of the model's likelihood.
        seed: of the latents.
        importance_samples: latents for each image in the bound on its −log p; None where there is no bound.
        table: a row for each image, by its position in the split: `label` int32, and `OF_AN_IMAGE` float32, nats but
            for `mse`. `nll` is not a number where it was not computed, and no column where it was of no image.
    """

    split: str
    fingerprint: str
    likelihood: str
    seed: int
    importance_samples: int | None
    table: pd.DataFrame

    @staticmethod
    def name_of(split: str) -> str:
        """The name of the file in which a run keeps its scores of the images of a split."""
        return f"{split}_scores.parquet"

    @property
    def name(self) -> str:
        """The name of the file in which a run keeps them."""
        return self.name_of(self.split)

    @cached_property
    def parquet(self) -> bytes:
        """The content of that file, 24 bytes for each image at most; equal scores give equal bytes."""
        described = self.table.copy(deep=False)
        described.attrs = {name: getattr(self, name) for name in _ORIGIN}
        content: bytes = described.to_parquet(
            None, compression="zstd", use_dictionary=False, use_byte_stream_split=True
        )
        return content

    @classmethod
    def read(cls, content: bytes, name: str) -> "ImageScores":
        """Read the content of a file.

        Args:
            content: in Parquet.
            name: of the file, for the message.

        Raises:
            InputError: it has no scores of images.
        """
        try:
            table = pd.read_parquet(io.BytesIO(content))
            # Which also refuses columns of another type.
            scores = {each: table[each].astype("float32") for each in OF_AN_IMAGE if each != "nll" or each in table}
            columns = {"label": table["label"].astype("int32")} | scores
            origin = {each: table.attrs[each] for each in _ORIGIN}
            return cls(table=pd.DataFrame(columns, index=_positions(len(table))), **origin)
        except Exception as error:  # whatever a Parquet reader raises of bytes that are none
            raise InputError(f"{name} is damaged ({first_line(error)}). Evaluate the run again") from error

    def values(self, score: str) -> np.ndarray:
        """A score of each image, float64 [N], not a number where it was not computed."""
        return self.table[score].to_numpy("float64")

    def measure(self, score: str) -> dict[str, object]:
        """What two models have in common whose scores are of the same images, in the same measure."""
        common = ["split", "fingerprint"]
        common += ["likelihood"] if CATALOGUE[score].of_likelihood else []
        common += ["importance_samples"] if score == "nll" else []
        return {"images": len(self.table)} | {name: getattr(self, name) for name in common}


def posterior_draws(vae: VAE, encoded: Encoded, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Standard normal noise, and the latent of each image that it makes, [N, D] both; of an autoencoder the means."""
    noise = random_stream(seed, "latents").standard_normal(encoded.mean.shape)
    return noise, encoded.latents(noise) if vae.objective.sampling else encoded.mean


def image_table(
    labels: np.ndarray, rate: np.ndarray, distortion: np.ndarray, squared_error: np.ndarray, nll: np.ndarray
) -> pd.DataFrame:
    """The table of `ImageScores`.

    Args:
        labels: of N images, int [N].
        rate: of each image, nats, [N].
        distortion: of each image and a latent of it, nats, [N].
        squared_error: mean squared error of its pixels, [N].
        nll: the upper bound on its −log p, nats, [N], not a number where there is none.
    """
    scores = {"elbo": -(rate + distortion), "rate": rate, "distortion": distortion, "mse": squared_error}
    scores |= {} if np.isnan(nll).all() else {"nll": nll}
    columns = {"label": np.asarray(labels, "int32")} | {name: each.astype("float32") for name, each in scores.items()}
    return pd.DataFrame(columns, index=_positions(len(labels)))


def _positions(number: int) -> pd.RangeIndex:
    return pd.RangeIndex(number, name="image")
