"""A run that a store has, recorded once more in an outbox, from which it can be delivered to another store."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from mlflow.entities import DatasetInput, Metric
from mlflow.entities import Run as MlflowRun
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT
from pydantic import ValidationError

from pipeline.errors import InputError
from pipeline.tracking.file_path import paths_below
from pipeline.tracking.measurement import MOST_METRICS, same_measured
from pipeline.tracking.outbox.contents import Begun
from pipeline.tracking.outbox.outbox import Outbox
from pipeline.tracking.run_model import model_of
from pipeline.tracking.sent_checkpoint import FOLDER
from pipeline.tracking.store import Store
from pipeline.tracking.tags import BEGUN_AS, DELIVERED, PARENT
from pipeline.tracking.writes import Batch, File, Input, Model, Status, Write

_Item = TypeVar("_Item")
MOST_TAGS = 99
"""Params of a batch, or tags, of which MLflow takes 100 at once, among them the tag that counts an outbox's writes."""


def record(store: Store, run_id: str, home: Path) -> Outbox:
    """Record a run as it is now: params, tags, metrics with their steps and times, data sets, files, model, state.

    The id of the outbox is a hash of what it holds, so that the same run makes the same outbox again.

    Args:
        store: that has the run.
        run_id: the id of the run, which has ended.
        home: the folder in which the outbox is made, in a folder of the run's id.

    Raises:
        InputError: a file of the run has a name that other systems do not take.
    """
    client = store.client
    run = client.get_run(run_id)
    begun = Begun(
        outbox=run_id,
        run_id=run_id,
        here=True,
        experiment=client.get_experiment(run.info.experiment_id).name,
        name=str(run.info.run_name),
        started=run.info.start_time,
        tags={PARENT: run.data.tags[PARENT]} if PARENT in run.data.tags else {},
    )
    outbox = Outbox.made(home / run_id, begun)
    with TemporaryDirectory(dir=home) as scratch:
        for writes, folder in _writes(client, run, Path(scratch)):
            outbox.append(*writes, folder=folder)
    named = begun.model_copy(update={"outbox": _hash(outbox)})
    # The store that it is delivered to knows by the tag, from the first moment on, whose writes the run has.
    outbox.replace_head(named.model_copy(update={"tags": {**begun.tags, named.delivered_tag: "0"}}))
    return outbox


def _writes(client: MlflowClient, run: MlflowRun, scratch: Path) -> Iterator[tuple[list[Write], Path]]:
    """Give what a run is made of, in an order in which it can be written, with the folder of its files.

    The same run gives the same, in whatever order a database has it.
    """
    yield [Batch(params=dict(some)) for some in _parts(sorted(run.data.params.items()), MOST_TAGS)], scratch
    inputs = [_input(each) for each in (run.inputs.dataset_inputs if run.inputs else ())]
    yield sorted(inputs, key=Input.model_dump_json), scratch
    model_id = model_of(client, run.info.run_id)
    model = client.get_logged_model(model_id) if model_id else None
    of_model = {(each.key, each.step, each.timestamp) for each in (model.metrics or [] if model else [])}
    names = sorted(run.data.metrics)
    points = [point for name in names for point in sorted(client.get_metric_history(run.info.run_id, name), key=_order)]
    yield _metrics([each for each in points if _place(each) not in of_model]), scratch
    yield from _files(client, run, scratch / "files")
    if model:
        files = get_artifact_repository(model.artifact_location, client.tracking_uri)
        saved = Path(files.download_artifacts("", str(_made(scratch / "model"))))
        yield [Model(paths=paths_below(saved))], saved
        yield _metrics([each for each in points if _place(each) in of_model], of_model=True), scratch
    # Tags come late, as they name the owner: a run that is still open would be closed by whoever opens its store, since
    # the process of the owner is gone.
    own = (PARENT, BEGUN_AS)  # which the other store writes itself
    tags = {key: tag for key, tag in run.data.tags.items() if key not in own and not key.startswith(DELIVERED)}
    yield [Batch(tags=dict(some)) for some in _parts(sorted(tags.items()), MOST_TAGS)], scratch
    yield [Status(status=run.info.status, ended=run.info.end_time)], scratch


def _files(client: MlflowClient, run: MlflowRun, folder: Path) -> Iterator[tuple[list[Write], Path]]:
    """Give the files of a run, apart from a checkpoint, whose place is beside those of this machine."""
    if not client.list_artifacts(run.info.run_id):
        return
    home = Path(client.download_artifacts(run.info.run_id, "", str(_made(folder))))
    paths = [path for path in paths_below(home) if not path.startswith(f"{FOLDER}/")]
    try:
        yield [File(path=path) for path in paths], home
    except ValidationError as error:
        named = error.errors()[0]["input"]
        raise InputError(
            f"run {run.info.run_id} has a file {named!r}, whose name other systems do not take. Expected a name "
            'without \\ : " < > | ? *: rename the file'
        ) from error


def _input(given: DatasetInput) -> Input:
    context = next((tag.value for tag in given.tags if tag.key == MLFLOW_DATASET_CONTEXT), "")
    return Input(facts=given.dataset.to_dictionary(), context=context)


def _metrics(points: Sequence[Metric], *, of_model: bool = False) -> list[Write]:
    parts = _parts([same_measured(each) for each in points], MOST_METRICS)
    return [Batch(metrics=some, of_model=of_model) for some in parts]


def _place(point: Metric) -> tuple[str, int, int]:
    return point.key, point.step, point.timestamp


def _order(point: Metric) -> tuple[int, int, str]:
    return point.step, point.timestamp, str(point.value)


def _parts(items: Sequence[_Item], most: int) -> list[Sequence[_Item]]:
    return [items[first : first + most] for first in range(0, len(items), most)]


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _hash(outbox: Outbox) -> str:
    """Hash what an outbox holds."""
    digest = hashlib.sha256(outbox.lines.path.read_bytes())
    for path in paths_below(outbox.folder / "files"):
        digest.update(f"\n{path}\n".encode())
        with open(outbox.folder / "files" / path, "rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:32]
