"""A run that has ended stays as it ended, whatever files and numbers are added to it."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pipeline.tracking.run import mlflow_metrics
from pipeline.tracking.store import Store


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
        store.client.log_text(run_id, facts, f"{folder}/{number}.json")
        store.client.log_batch(run_id, metrics=mlflow_metrics(metrics or {}, 0), synchronous=True)
        store.set_tags(run_id, tags or {})
