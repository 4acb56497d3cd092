"""One training = one MLflow run: what is recorded, in verbs."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import mlflow
import numpy as np
from mlflow.entities import Dataset, DatasetInput, InputTag
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

from pipeline.data.images import ImageData
from pipeline.figures import Figure
from pipeline.tracking.address import DATABASE
from pipeline.tracking.links import run_link
from pipeline.tracking.store import NOTE, REUSED, Store
from pipeline.tracking.transaction import whole

if TYPE_CHECKING:
    import keras


class Run:
    """A run that is open for recording."""

    def __init__(self, store: Store, run_id: str) -> None:
        self.store, self.id, self.transaction = store, run_id, store.transaction
        info = store.client.get_run(run_id).info
        self.name, self.experiment_id = str(info.run_name), str(info.experiment_id)
        self._recorded = self._last_step()

    @whole
    def params(self, params: Mapping[str, Any]) -> None:
        """Record settings by their dotted names; MLflow keeps at most 6,000 characters of each."""
        mlflow.log_params({name: str(value)[:6000] for name, value in params.items()}, run_id=self.id)

    @whole
    def tags(self, tags: Mapping[str, str]) -> None:
        """Record circumstances."""
        mlflow.set_tags(dict(tags))

    @whole
    def metrics(self, step: int, metrics: Mapping[str, float]) -> None:
        """Record numbers at a step, unless a run that is resumed already had."""
        if step > self._recorded:
            mlflow.log_metrics(dict(metrics), step=step, run_id=self.id)

    @whole
    def summary(self, metrics: Mapping[str, float]) -> None:
        """Record numbers of the run as a whole. The UI draws bars, not curves, of what has no step but 0."""
        mlflow.log_metrics(dict(metrics), step=0, run_id=self.id)

    @whole
    def image(self, key: str, image: np.ndarray, step: int) -> None:
        """Record a card, uint8 [S, S, 3], that the UI shows under its key with a slider over steps."""
        mlflow.log_image(image, key=key, step=step, synchronous=True)

    @whole
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

    @whole
    def data(self, data: ImageData) -> None:
        """Record the splits as the run's inputs, by name, shape and fingerprint."""
        inputs = [_input(data, context) for context in ("train", "validation", "test")]
        try:
            self.store.client.log_inputs(self.id, inputs)
        except MlflowException:  # another process recorded the same at this instant, for the first time
            self.store.client.log_inputs(self.id, inputs)

    @whole
    def model(self, model: "keras.Model", example: np.ndarray) -> None:
        """Store the Keras model with its signature and these images as example."""
        from pipeline.tracking.keras_model import log_keras_model  # takes TensorFlow along

        log_keras_model(model, example)

    @whole
    def take_over(self, run_id: str) -> dict[str, float]:
        """Record the settings, numbers and files of another run, and that it was that one; gives its last metrics."""
        client, known = self.store.client, self.store.run(run_id)
        for name in known.data.metrics:
            points = client.get_metric_history(run_id, name)
            for first in range(0, len(points), 1000):  # MLflow takes no more at once
                client.log_batch(self.id, metrics=points[first : first + 1000])
        mine = self.store.run(self.id).data.params
        mlflow.log_params({key: value for key, value in known.data.params.items() if key not in mine}, run_id=self.id)
        mlflow.set_tags({REUSED: run_id, NOTE: f"**Taken over** from run {run_id}: the same training."})
        with TemporaryDirectory() as folder:
            mlflow.log_artifacts(mlflow.artifacts.download_artifacts(run_id=run_id, dst_path=folder), run_id=self.id)
        return dict(known.data.metrics)

    @whole
    def describe(self, markdown: str) -> None:
        """Set the description that the run's page opens with."""
        mlflow.set_tag(NOTE, markdown)

    def where_to_look(self) -> str:
        """What a person does to see the run: open its page on the server, or start our own."""
        if not self.store.is_server:
            return "make ui" if self.store.uri == DATABASE else f"mlflow server --backend-store-uri {self.store.uri}"
        return f"{self.store.uri.bare}/{run_link(self.experiment_id, self.id)}"

    def _last_step(self) -> int:
        steps = [metric.step for metric in self.store.client.get_metric_history(self.id, "val/loss")]
        return max(steps, default=0)


def add_files(store: Store, run_id: str, paths: Iterable[Path]) -> None:
    """Keep files at the artifact root of a run, whatever its state; they replace those of the same names."""
    with store.transaction():
        for path in paths:
            store.client.log_artifact(run_id, str(path))


def amend(
    store: Store,
    run_id: str,
    folder: str,
    facts: str,
    *,
    metrics: Mapping[str, float] | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Add a JSON file of facts, numbers and tags to a run that has ended, which stays as it ended."""
    with store.transaction():
        number = len(store.client.list_artifacts(run_id, folder)) + 1
        mlflow.log_text(facts, f"{folder}/{number}.json", run_id=run_id)
        mlflow.log_metrics(dict(metrics or {}), step=0, run_id=run_id)
        for name, tag in (tags or {}).items():
            store.client.set_tag(run_id, name, tag)


def _input(data: ImageData, context: str) -> DatasetInput:
    from mlflow.data.code_dataset_source import CodeDatasetSource

    split = getattr(data, context)
    recorded = mlflow.data.from_numpy(
        split.images,
        source=CodeDatasetSource(tags={"name": data.name, "splits": context, "fingerprint": data.fingerprint}),
        targets=split.labels,
        name=data.name,
        digest=f"{data.fingerprint[:8]}-{context}",  # MLflow keeps one input for each digest
    )
    return DatasetInput(Dataset.from_dictionary(recorded.to_dict()), [InputTag(MLFLOW_DATASET_CONTEXT, context)])
