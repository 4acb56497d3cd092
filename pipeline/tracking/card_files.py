"""The files by which MLflow keeps a card: an image and a small copy of it, by names with key, step and time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_LOGGED_IMAGES

from pipeline.tracking.file_path import paths_below
from pipeline.tracking.writes import Batch

CARDS = Batch(tags={MLFLOW_LOGGED_IMAGES: "True"})
"""Tells the UI that a run has cards."""


@contextmanager
def card_files(key: str, step: int, card: np.ndarray) -> Iterator[tuple[Path, list[str]]]:
    """A folder with the files of a card, uint8 [S, S, 3], and their paths below it."""
    with TemporaryDirectory() as folder:
        _ToFolder(Path(folder)).log_image("", card, key=key, step=step, synchronous=True)
        yield Path(folder), paths_below(Path(folder))


class _ToFolder(MlflowClient):
    """A client that has MLflow's names for images and puts their files into a folder.

    Args:
        folder: in which the artifacts are stored.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder  # and no store: `log_image` calls the two methods below alone

    def log_artifact(self, run_id: str, local_path: str, artifact_path: str | None = None) -> None:
        """Move the file below the folder."""
        place = self.folder / (artifact_path or "")
        place.mkdir(parents=True, exist_ok=True)
        Path(local_path).rename(place / Path(local_path).name)

    def set_tag(self, *args: Any, **kwargs: Any) -> None:
        """Leave the tag to whoever writes the card."""
