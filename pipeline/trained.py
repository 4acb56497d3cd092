"""A finished training brought back from its record: the model, the data and the settings."""

from collections.abc import Sequence
from dataclasses import dataclass

import yaml

from pipeline.build import build
from pipeline.config import Config
from pipeline.data.dataset import Dataset
from pipeline.data.images import ImageData
from pipeline.errors import InputError
from pipeline.models.vae import VAE
from pipeline.record import FINGERPRINT
from pipeline.tracking.store import PRUNED, Store


@dataclass(frozen=True)
class Trained:
    """What a run came to.

    Attributes:
        id, name: of the run.
        config: composed and resolved.
        data: that it was trained on.
        vae: the model as it was stored.
        metrics: as recorded.
    """

    id: str
    name: str
    config: Config
    data: ImageData
    vae: VAE
    metrics: dict[str, float]


def load(store: Store, run_id: str, *, dataset_dir: str | None = None, trusted: Sequence[str] = ()) -> Trained:
    """Bring back a finished run.

    Args:
        store: that has it.
        run_id: of the run.
        dataset_dir: where the files of the data set are now; null: where they were.
        trusted: packages that its data set may come from.

    Raises:
        InputError: there is no such run, it is not finished, it holds no model, or the data are gone or different.
    """
    run = store.run(run_id)
    children = store.children(run_id)
    if children:
        names = ", ".join(f"{child.info.run_name} ({child.info.run_id})" for child in children)
        raise InputError(f"run {run_id} holds several trainings and no model. Name one of: {names}")
    if run.info.status != "FINISHED":
        raise InputError(
            f"run {run_id} is {run.info.status}; wanted one that is finished. An interrupted one goes on with: "
            f"python -m pipeline.train resume={run_id}"
        )
    if PRUNED in run.data.tags:
        raise InputError(f"run {run_id} was ended early by its study and has no model. Train its point anew")
    config = yaml.safe_load(store.artifact_text(run_id, "config.yaml"))
    config["dataset"]["dir"] = dataset_dir or config["dataset"]["dir"]
    data = build(config["dataset"], "dataset", trusted, wanted=Dataset).load()
    before = run.data.tags.get(FINGERPRINT, "")
    if before != data.fingerprint:
        raise InputError(
            f"run {run_id}: the data are no longer those that it was trained on (fingerprint {before[:8]}, now "
            f"{data.fingerprint[:8]}). Put them back, or name their folder: dataset_dir=/path"
        )
    return Trained(run_id, str(run.info.run_name), config, data, store.model(run_id), dict(run.data.metrics))
