"""The square pictures that a run recorded, read back."""

import re
from collections.abc import Sequence
from tempfile import TemporaryDirectory

import mlflow
import numpy as np
from PIL import Image

from pipeline.tracking.store import Store

# MLflow's name of an image: its key with ~ for /, the step, a time and a random name.
_NAME = re.compile(r"images/(?P<key>.+)[%+]step[%+](?P<step>\d+)[%+].*\.png")


def last_cards(store: Store, run_id: str, keys: Sequence[str]) -> list[np.ndarray]:
    """The cards, uint8 [S, S, 3], that a run recorded last under keys like `test/latent`; fewer if it has not all."""
    with store.transaction():
        home = store.run(run_id).info.artifact_uri
        paths = [file.path for file in store.client.list_artifacts(run_id, "images")]
        found = [match for path in paths if (match := _NAME.fullmatch(path))]
        last = {_key(match): match for match in sorted(found, key=lambda match: int(match["step"]))}
        return [_read(f"{home}/{last[key].string}") for key in keys if key in last]


def _key(name: re.Match[str]) -> str:
    return re.sub("[~#]|%2F", "/", name["key"])


def _read(address: str) -> np.ndarray:
    with TemporaryDirectory() as folder:  # else MLflow makes one and leaves it
        file = mlflow.artifacts.download_artifacts(address, dst_path=folder)
        return np.asarray(Image.open(file).convert("RGB"))
