"""Everything that a store has of a run, so that tests can compare two stores, or two runs."""

from pathlib import Path
from typing import Any
from uuid import uuid4

from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.tracking import MlflowClient

from pipeline.tracking.file_path import paths_below
from pipeline.tracking.tags import BEGUN_AS, DELIVERED


def content_of(client: MlflowClient, run_id: str, scratch: Path) -> dict[str, Any]:
    """Everything that a store has of a run, apart from ids that differ from one store to the next."""
    run = client.get_run(run_id)
    models = [client.get_logged_model(each.model_id) for each in (run.outputs.model_outputs if run.outputs else ())]
    folder = scratch / uuid4().hex
    folder.mkdir(parents=True)
    if client.list_artifacts(run_id):
        client.download_artifacts(run_id, "", str(folder))
    model_files = {}
    for model in models:
        place = scratch / uuid4().hex
        place.mkdir()
        get_artifact_repository(model.artifact_location, client.tracking_uri).download_artifacts("", str(place))
        text = (place / "MLmodel").read_text().replace(model.artifact_location, "PLACE").replace(model.model_id, "ID")
        model_files |= {path: (place / path).read_bytes() for path in paths_below(place) if path != "MLmodel"}
        model_files["MLmodel"] = text.replace(run_id, "RUN").encode()
    metrics = {
        name: [(each.step, each.timestamp, str(each.value)) for each in client.get_metric_history(run_id, name)]
        for name in run.data.metrics
    }
    return {
        "params": run.data.params,
        "tags": {k: v for k, v in run.data.tags.items() if not k.startswith((DELIVERED, BEGUN_AS))},
        "metrics": {name: sorted(points) for name, points in metrics.items()},
        "files": {path: (folder / path).read_bytes() for path in paths_below(folder)},
        "model": model_files,
        "model metrics": [sorted((each.key, str(each.value)) for each in model.metrics or []) for model in models],
        "inputs": sorted(
            (each.dataset.name, each.dataset.digest, str([(tag.key, tag.value) for tag in each.tags]))
            for each in (run.inputs.dataset_inputs if run.inputs else ())
        ),
        "status": (run.info.status, run.info.start_time, run.info.end_time, run.info.run_name),
    }
