"""Scores of single images, by which unusual ones are found: anomaly scores.

A smooth image of another kind may have a better likelihood than those that the model was trained on (Nalisnick et al.
2019, "Do deep generative models know what they don't know?"), so a percentile near 0 is as suspicious as one near 100.
"""

import logging
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from pipeline import figures
from pipeline.config.values import Count, Seed, Switch, Text
from pipeline.data.class_names import printable
from pipeline.data.image_rows import ImageRows
from pipeline.errors import InputError
from pipeline.evaluation.image_scores import image_table, posterior_draws
from pipeline.evaluation.likelihood_bound import importance_weighted_nll
from pipeline.evaluation.scores import CATALOGUE
from pipeline.generation.asked_classes import AskedClasses
from pipeline.generation.generated import Generated
from pipeline.generation.own_files import own_folder
from pipeline.latent.encoding import Encoded, decode, distortions, encode, squared_errors
from pipeline.runs.loaded_run import LoadedRun
from pipeline.runs.recorded_scores import evaluate_commands, recorded_scores
from pipeline.text.wording import counted, shortened

log = logging.getLogger(__name__)
SPLIT = "test"
"""The split whose images others are compared with."""
CAPTION = 36
"""Cells of a file's name under its image; the table has it whole."""


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Images by how unusual the model finds them, the most unusual first.

    Attributes:
        folder: with image files at any depth; null takes the images of the test split.
        skip_unreadable: leave out files that cannot be read, and say how many.
        by: the score that tells how unusual an image is.
        classes: of a conditional model, the class of all images of the folder; null takes the name of the folder that
            an image lies in, directly below `folder`. Images of the test split have their own.
        importance_samples: latents drawn for each image in the bound on its −log p; null computes none.
        worst: images of the picture, at most.
        seed: of the latents.
    """

    folder: Text | None
    skip_unreadable: Switch
    by: Literal["elbo", "rate", "distortion", "mse", "nll"]
    classes: AskedClasses
    importance_samples: Count | None
    worst: Count
    seed: Seed

    def generate(self, trained: LoadedRun) -> Generated:
        """A table of the images with their scores, and a picture of the most unusual over their reconstructions.

        The percentile of an image is the share of the run's test images, %, that are no more unusual than it.

        Raises:
            InputError: the folder has no files, one of them cannot be read, the model has no such score, or a class is
                asked for of test images.
        """
        self._refuse_missing_score(trained)
        usual = self._of_test_images(trained) if self.folder else None
        described, rows, labels = self._images(trained)
        encoded = encode(trained.vae, rows, labels)
        scores = self._scored(trained, encoded)
        unusual = self._unusual(scores)
        if not self.folder:
            usual = unusual
        if usual is not None:
            scores["percentile"] = percentiles(unusual, usual)
        order = np.argsort(-unusual, kind="stable")
        table = pd.concat([described, scores], axis=1).iloc[order]
        return Generated(rows[order], encoded.mean[order], self._picture(trained, encoded, table), table=table)

    def _refuse_missing_score(self, trained: LoadedRun) -> None:
        if self.importance_samples and not trained.vae.objective.sampling:
            raise InputError(
                f"what.importance_samples={self.importance_samples}: run {trained.id} is an autoencoder, which has no "
                "NLL. Leave it out"
            )
        if CATALOGUE[self.by].of_bound and not trained.vae.has_bound:
            raise InputError(
                f"what.by={self.by}: run {trained.id} has latents without noise, which bound no likelihood. Set "
                "what.by=mse, or what.by=distortion"
            )
        if self.by == "nll" and self.importance_samples is None:
            raise InputError("what.by=nll: no NLL is computed. Set what.importance_samples=50, or another what.by")

    def _images(self, trained: LoadedRun) -> tuple[pd.DataFrame, ImageRows, np.ndarray | None]:
        """What tells the images from each other, the images, and their labels where the model is told classes."""
        if self.folder:
            names, images, labels = own_folder(self.folder, trained, classes=self.classes, skip=self.skip_unreadable)
            return pd.DataFrame({"file": names}), ImageRows(images), labels
        if self.classes is not None:
            raise InputError(
                "what.classes: test images have classes of their own; expected null. Leave it out, or name a folder of "
                "your own images: what.folder=/path"
            )
        split = trained.data.splits[SPLIT]
        classes = np.array(printable(trained.data.class_names))
        return pd.DataFrame({"image": np.arange(len(split)), "class": classes[split.labels]}), split.rows, split.labels

    def _scored(self, trained: LoadedRun, encoded: Encoded) -> pd.DataFrame:
        vae = trained.vae
        nll = np.full(len(encoded), np.nan)
        if self.importance_samples:
            nll = importance_weighted_nll(vae, encoded, self.importance_samples, self.seed)
        table = image_table(
            labels=np.zeros(len(encoded)),
            rate=encoded.rates.sum(axis=1),
            distortion=distortions(vae, encoded, posterior_draws(vae, encoded, self.seed)[1]),
            squared_error=squared_errors(vae, encoded),
            nll=nll,
        )
        return table.drop(columns="label")

    def _unusual(self, scores: pd.DataFrame) -> np.ndarray:
        """How unusual each image is, the larger the more, float64 [N]; most of all where the score is no number."""
        values = scores[self.by].to_numpy("float64")
        return np.nan_to_num(-values if CATALOGUE[self.by].higher_is_better else values, nan=np.inf)

    def _of_test_images(self, trained: LoadedRun) -> np.ndarray | None:
        """How unusual each of the run's test images is, [M]; None where the run has not recorded it."""
        recorded = recorded_scores(trained.store, trained.id, SPLIT)
        if recorded is None:
            [command] = evaluate_commands(trained.store, [trained.id], SPLIT, trained.trusted)
            log.warning(f"Run {trained.id} has no scores of its test images to compare with. Add them with: {command}")
            return None
        if self.by not in recorded.table:
            log.warning(f"Run {trained.id} was evaluated without NLL, so no percentile is told. Set another what.by")
            return None
        if self.by == "nll" and recorded.importance_samples != self.importance_samples:
            raise InputError(
                f"what.importance_samples={self.importance_samples}: the test images of run {trained.id} have an NLL "
                f"of {recorded.importance_samples} samples. Set what.importance_samples={recorded.importance_samples}"
            )
        return self._unusual(recorded.table[recorded.table[self.by].notna()])

    def _picture(self, trained: LoadedRun, encoded: Encoded, table: pd.DataFrame) -> figures.Figure:
        shown = table.iloc[: self.worst]
        positions = shown.index.to_numpy()
        title = f"The most unusual of {counted(len(table), 'image')} by {self._name}, over their reconstructions"
        chosen = encoded.take(positions)
        reconstructions = decode(trained.vae, chosen.mean, chosen.labels)
        captions = [self._caption(shown.loc[position]) for position in positions]
        return figures.anomalies(encoded.images[positions], reconstructions, captions, title)

    def _caption(self, row: pd.Series) -> str:
        name = shortened(row["file"], CAPTION) if self.folder else f"image {row['image']}, {row['class']}"
        place = f" ({row['percentile']:.3g}%)" if "percentile" in row else ""
        return f"{name}\n{self._name} {row[self.by]:.4g}{place}".replace(" -", " \N{MINUS SIGN}")

    @property
    def _name(self) -> str:
        return self.by if self.by in ("rate", "distortion") else self.by.upper()


def percentiles(unusual: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """The share of the images `usual` [M], %, that are no more unusual than each of the images `unusual` [N]."""
    return 100 * np.searchsorted(np.sort(usual), unusual, side="right") / len(usual)
