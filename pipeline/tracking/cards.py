"""The square pictures that a run recorded, read back."""

import re

import mlflow
import numpy as np
from PIL import Image

from pipeline.tracking.store import Store

# MLflow's name of an image: its key with ~ for /, the step, a time and a random name.
_NAME = re.compile(r"images/(?P<key>.+)[%+]step[%+](?P<step>\d+)[%+].*\.png")


def last_card(store: Store, run_id: str, key: str) -> np.ndarray | None:
    """The card, uint8 [S, S, 3], that a run recorded last under a key such as `val/latent`; None if it has none."""
    with store.transaction():
        paths = [file.path for file in store.client.list_artifacts(run_id, "images")]
        found = [match for path in paths if (match := _NAME.fullmatch(path))]
        mine = [match for match in found if re.sub("[~#]|%2F", "/", match["key"]) == key]
        if not mine:
            return None
        last = max(mine, key=lambda match: int(match["step"]))
        path = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=last.string)  # where it is, if here
        return np.asarray(Image.open(path).convert("RGB"))
