"""A finished training brought back from its record: the model, the data and the settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import yaml

from pipeline.config.build import build
from pipeline.config.names import Config
from pipeline.data.images import ImageData
from pipeline.data.settings import DatasetSettings
from pipeline.errors import InputError
from pipeline.models.vae import VAE
from pipeline.tracking.address import resume_command
from pipeline.tracking.store import MlflowRun, Store
from pipeline.tracking.tags import FINGERPRINT


@dataclass(frozen=True)
class Trained:
    """What a run came to.

    Attributes:
        id, name: of the run.
        config: composed and resolved.
        vae: the model as it was stored.
        metrics: as recorded.
        fingerprint: of the data that it was trained on.
        trusted: packages that its data set may come from.
    """

    id: str
    name: str
    config: Config
    vae: VAE
    metrics: dict[str, float]
    fingerprint: str
    trusted: Sequence[str]

    @cached_property
    def data(self) -> ImageData:
        """What it was trained on, read when it is first needed.

        Raises:
            InputError: the data are gone or different.
        """
        data: ImageData = build(self.config["dataset"], "dataset", self.trusted, expected=DatasetSettings).load(
            known=True
        )
        if self.fingerprint != data.fingerprint:
            raise InputError(
                f"run {self.id}: the data are no longer those that it was trained on (fingerprint "
                f"{self.fingerprint[:8]}, now {data.fingerprint[:8]}). Put them back, or name their folder: "
                "dataset_dir=/path"
            )
        return data


def finished_training(store: Store, name: str) -> MlflowRun:
    """The record of one training that is finished.

    Raises:
        InputError: there is no such run, it holds several, or it is not finished.
    """
    run = store.run(name)
    run_id = run.info.run_id
    if children := store.children(run_id):
        names = ", ".join(f"{child.info.run_name} ({child.info.run_id})" for child in children)
        raise InputError(f"run {run_id} holds several trainings. Name one of: {names}")
    if run.info.status != "FINISHED":
        raise InputError(
            f"run {run_id} is {run.info.status}; expected one that is finished. An interrupted one goes on with: "
            f"{resume_command(store.uri, run_id)}"
        )
    return run


def load(store: Store, name: str, *, dataset_dir: str | None = None, trusted: Sequence[str] = ()) -> Trained:
    """Bring back a finished run.

    Args:
        store: that has it.
        name: of the run, by which `Store.run` knows it.
        dataset_dir: where the files of the data set are now; null: where they were.
        trusted: packages that its data set may come from.

    Raises:
        InputError: there is no such run, it is not finished, or it holds no model.
    """
    run = finished_training(store, name)
    run_id = run.info.run_id
    config = yaml.safe_load(store.artifact_text(run_id, "config.yaml"))
    config["dataset"]["dir"] = dataset_dir or config["dataset"]["dir"]
    metrics, before = dict(run.data.metrics), run.data.tags.get(FINGERPRINT, "")
    return Trained(run_id, str(run.info.run_name), config, store.model(run_id), metrics, before, trusted)
