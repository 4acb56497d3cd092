"""A finished training brought back from its record: the model, the data and the settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pipeline.config.build import build
from pipeline.config.names import Config
from pipeline.data.images import ImageData
from pipeline.data.settings import DatasetSettings
from pipeline.errors import InputError
from pipeline.metric_names import under_current_names
from pipeline.models.vae import VAE
from pipeline.runs.recorded_config import recorded_config
from pipeline.runs.trained_vae import trained_vae
from pipeline.tracking.lifecycle import is_open
from pipeline.tracking.store import MlflowRun, Store
from pipeline.tracking.store_address import resume_command
from pipeline.tracking.tags import FINGERPRINT
from pipeline.tracking.typed_command import trusted_in


@dataclass(frozen=True)
class LoadedRun:
    """A finished run brought back: its model, data and settings.

    Attributes:
        id, name: of the run.
        store: that has it.
        config: composed and resolved.
        vae: the model as it was stored.
        metrics: as recorded.
        fingerprint: of the data that it was trained on.
        tags: as recorded.
        trusted: packages that its data set may come from.
    """

    id: str
    name: str
    store: Store
    config: Config
    vae: VAE
    metrics: dict[str, float]
    fingerprint: str
    tags: dict[str, str]
    trusted: Sequence[str]

    @cached_property
    def data(self) -> ImageData:
        """The images that the run was trained on, read when they are first needed.

        Raises:
            InputError: the data are gone or different.
        """
        dataset: DatasetSettings = build(self.config["dataset"], "dataset", self.trusted, expected=DatasetSettings)
        data = data_of_record(dataset)
        refuse_other_data(data, self.fingerprint, f"run {self.id}", "name their folder: dataset_dir=/path")
        return data


def data_of_record(dataset: DatasetSettings) -> ImageData:
    """Read the images of a finished run.

    Raises:
        InputError: they are gone; the message has the key of the commands that read finished runs.
    """
    try:
        return dataset.load(judge_appearance=False)
    except InputError as error:
        raise InputError(str(error).replace("dataset.dir", "dataset_dir")) from error


def refuse_other_data(data: ImageData, fingerprint: str, subject: str, cure: str) -> None:
    """Refuse images that are not those of a run.

    Args:
        data: the images as they are now.
        fingerprint: of the images that the run was trained on.
        subject: names the run.
        cure: besides putting them back.

    Raises:
        InputError: with both fingerprints.
    """
    if fingerprint != data.fingerprint:
        raise InputError(
            f"{subject}: the data are no longer those that the run was trained on (fingerprint {fingerprint[:8]}, now "
            f"{data.fingerprint[:8]}). Put them back, or {cure}"
        )


def finished_training(store: Store, name: str) -> MlflowRun:
    """Look up the record of one training that is finished.

    Raises:
        InputError: there is no such run, it holds several, or it is not finished.
    """
    run = store.run(name)
    run_id = run.info.run_id
    if children := store.children(run_id):
        names = ", ".join(f"{child.info.run_name} ({child.info.run_id})" for child in children)
        raise InputError(f"run {run_id} holds several trainings. Name one of: {names}")
    if run.info.status != "FINISHED":
        if is_open(store, run_id):
            raise InputError(f"run {run_id} is still training; expected one that is finished. Wait until it is")
        raise InputError(
            f"run {run_id} is {run.info.status}; expected one that is finished. An interrupted one goes on with: "
            f"{resume_command(store.uri, run_id, trusted_in(run.data.tags))}"
        )
    return run


def load(store: Store, name: str, *, dataset_dir: str | None = None, trusted: Sequence[str] = ()) -> LoadedRun:
    """Bring back a finished run.

    Args:
        store: that has it.
        name: of the run, by which `Store.run` knows it.
        dataset_dir: where the files of the data set are now; null: where they were.
        trusted: packages that its data set and the classes of its model may come from.

    Raises:
        InputError: there is no such run, it is not finished, or it holds no model.
    """
    run = finished_training(store, name)
    run_id = run.info.run_id
    config = recorded_config(store, run_id)
    config["dataset"]["dir"] = dataset_dir or config["dataset"]["dir"]
    metrics = under_current_names(run.data.metrics)
    before = run.data.tags.get(FINGERPRINT, "")
    vae = trained_vae(store, run_id, trusted)
    name, tags = str(run.info.run_name), dict(run.data.tags)
    return LoadedRun(run_id, name, store, config, vae, metrics, before, tags, trusted)
