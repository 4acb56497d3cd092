"""One training = one MLflow run: what is recorded, in verbs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from traceback import format_exception
from typing import Any

import keras
import mlflow
import numpy as np
from mlflow.exceptions import MlflowException

from pipeline.data.images import ImageData
from pipeline.errors import InputError, Interrupted
from pipeline.figures import Figure
from pipeline.tracking.address import DATABASE
from pipeline.tracking.guard import Guard
from pipeline.tracking.keras_model import log_keras_model
from pipeline.tracking.links import run_link
from pipeline.tracking.owner import is_alive, owner_tags
from pipeline.tracking.store import PARENT, Store

NOTE = "mlflow.note.content"
COLOUR = "mlflow.runColor"
EVALUATIONS = "evaluations"
# Neighbours in time are what people compare, so successive runs get colours far apart for all kinds of vision.
COLOURS = (
    *("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"),
    *("#6a3d9a", "#b2a500", "#117733", "#882255", "#44aa99", "#7f7f7f"),
)


class Run:
    """A run that is open for recording."""

    def __init__(self, store: Store, run_id: str) -> None:
        self.store, self.id = store, run_id
        self.name = str(store.client.get_run(run_id).info.run_name)
        self._recorded = self._last_step()

    def params(self, params: Mapping[str, Any]) -> None:
        """Record settings by their dotted names; MLflow keeps at most 6,000 characters of each."""
        mlflow.log_params({name: str(value)[:6000] for name, value in params.items()}, run_id=self.id)

    def tags(self, tags: Mapping[str, str]) -> None:
        """Record circumstances."""
        mlflow.set_tags(dict(tags))

    def metrics(self, step: int, metrics: Mapping[str, float]) -> None:
        """Record numbers at a step, unless a run that is resumed already had."""
        if step > self._recorded:
            mlflow.log_metrics(dict(metrics), step=step, run_id=self.id)

    def summary(self, metrics: Mapping[str, float]) -> None:
        """Record numbers of the run as a whole. The UI draws bars, not curves, of what has no step but 0."""
        mlflow.log_metrics(dict(metrics), step=0, run_id=self.id)

    def image(self, key: str, image: np.ndarray, step: int) -> None:
        """Record a card, uint8 [S, S, 3], that the UI shows under its key with a slider over steps."""
        mlflow.log_image(image, key=key, step=step, synchronous=True)

    def file(self, name: str, content: Figure | str | bytes) -> None:
        """Store a figure, a text or a file's content at the artifact root, where the UI's compare page finds it."""
        if isinstance(content, Figure):
            mlflow.log_figure(content, name, save_kwargs={"dpi": content.dpi})
        elif isinstance(content, str):
            mlflow.log_text(content, name, run_id=self.id)
        else:
            with TemporaryDirectory() as folder:
                (Path(folder) / name).write_bytes(content)
                mlflow.log_artifact(str(Path(folder) / name), run_id=self.id)

    def data(self, data: ImageData) -> None:
        """Record the splits as the run's inputs, by name, shape and fingerprint."""
        for context in ("train", "validation", "test"):
            split = getattr(data, context)
            source = {"splits": context, "fingerprint": data.fingerprint}
            mlflow.log_input(
                mlflow.data.from_numpy(
                    split.images,
                    source=_source(data, source),
                    targets=split.labels,
                    name=data.name,
                    digest=f"{data.fingerprint[:8]}-{context}",  # MLflow keeps one input for each digest
                ),
                context=context,
            )

    def model(self, model: keras.Model, example: np.ndarray) -> None:
        """Store the Keras model with its signature and these images as example."""
        log_keras_model(model, example)

    def describe(self, markdown: str) -> None:
        """Set the description that the run's page opens with."""
        mlflow.set_tag(NOTE, markdown)

    def where_to_look(self) -> str:
        """What a person does to see the run: open its page on the server, or start our own."""
        if not self.store.is_server:
            return "make ui" if self.store.uri == DATABASE else f"mlflow server --backend-store-uri {self.store.uri}"
        experiment_id = self.store.client.get_run(self.id).info.experiment_id
        return run_link(self.store.uri, experiment_id, self.id)

    def _last_step(self) -> int:
        steps = [metric.step for metric in self.store.client.get_metric_history(self.id, "val/loss")]
        return max(steps, default=0)


@contextmanager
def start(
    store: Store, experiment: str, name: str, tags: Mapping[str, str], *, parent: str | None = None
) -> Iterator[Run]:
    """A new run, closed as FINISHED, KILLED (`Interrupted`) or FAILED (anything else), whatever happens.

    Args:
        store: where.
        experiment: of MLflow.
        name: of the run.
        tags: its circumstances.
        parent: id of the run that it is a child of.
    """
    experiment_id = store.experiment(experiment)
    tags = {**owner_tags(), **tags, COLOUR: _next_colour(store, experiment_id), **({PARENT: parent} if parent else {})}
    # Nested, because the parent may be open in this process; whose child it is, the tag says.
    active = mlflow.start_run(experiment_id=experiment_id, run_name=name, tags=tags, nested=True)
    with _guarded(store, active.info.run_id) as run:
        yield run


@contextmanager
def reopen(store: Store, run_id: str) -> Iterator[Run]:
    """A run that was interrupted, open again.

    Raises:
        InputError: it is finished, or its process is still at work.
    """
    known = store.run(run_id)
    if known.info.status == "FINISHED":
        raise InputError(f"resume={run_id}: this run is finished. Train anew, with more epochs if you wish")
    if known.info.status == "RUNNING" and is_alive(known.data.tags):
        raise InputError(f"resume={run_id}: this run is still training, in process {known.data.tags['pid']}")
    mlflow.start_run(run_id=run_id, nested=True)
    mlflow.set_tags({**owner_tags(), NOTE: ""})
    with _guarded(store, run_id) as run:
        yield run


def amend(store: Store, run_id: str, metrics: Mapping[str, float], facts: str) -> None:
    """Add numbers and a JSON file of facts to a run that has ended, which stays as it ended."""
    number = len(store.client.list_artifacts(run_id, EVALUATIONS)) + 1
    mlflow.log_text(facts, f"{EVALUATIONS}/{number}.json", run_id=run_id)
    mlflow.log_metrics(dict(metrics), step=0, run_id=run_id)


@contextmanager
def _guarded(store: Store, run_id: str) -> Iterator[Run]:
    guard = Guard(store.uri, run_id, owner_tags())
    try:
        yield Run(store, run_id)
    except BaseException as error:
        # Before anything is written: MLflow would try a dead server for minutes, and Ctrl-C would seem to do nothing.
        if isinstance(error, MlflowException | Interrupted) and not store.answers():
            guard.abandon()
            raise InputError(_lost(store, run_id)) from error
        _close("KILLED" if isinstance(error, Interrupted) else "FAILED", error)
        guard.dismiss()
        raise
    _close("FINISHED")
    guard.dismiss()


def _close(status: str, error: BaseException | None = None) -> None:
    if error:
        # A mistake or a wish of the user's explains itself; a defect needs its traceback.
        known = isinstance(error, InputError | Interrupted)
        reason = str(error) if known else f"\n```\n{''.join(format_exception(error))}\n```"
        mlflow.set_tag(NOTE, f"**{status.capitalize()}:** {reason}")
    mlflow.end_run(status)


def _lost(store: Store, run_id: str) -> str:
    return (
        f"{store.uri} stopped answering, so the training stopped. Its checkpoint is kept; when the server is back, "
        f"go on with: python -m pipeline.train resume={run_id}"
    )


def _next_colour(store: Store, experiment_id: str) -> str:
    """The colour after that of the experiment's latest run."""
    latest = store.client.search_runs([experiment_id], order_by=["attributes.start_time DESC"], max_results=1)
    before = latest[0].data.tags.get(COLOUR) if latest else None
    return COLOURS[(COLOURS.index(before) + 1) % len(COLOURS)] if before in COLOURS else COLOURS[0]


def _source(data: ImageData, facts: Mapping[str, str]) -> Any:
    from mlflow.data.code_dataset_source import CodeDatasetSource

    return CodeDatasetSource(tags={"name": data.name, **facts})
