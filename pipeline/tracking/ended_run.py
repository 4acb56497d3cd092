"""A run that has ended stays as it ended, whatever files and numbers are added to it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.tracking.measurement import measured
from pipeline.tracking.store import Store
from pipeline.tracking.writes import Batch, File


def add_files(store: Store, run_id: str, paths: Iterable[Path]) -> None:
    """Keep files at the artifact root of a run, whatever its state; they replace those of the same names."""
    with store.transaction():
        for path in paths:
            store.write(run_id, File(path=path.name), folder=path.parent)
    store.settle(run_id)


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
        file = File(path=f"{folder}/{number}.json")
        with TemporaryDirectory() as place:
            path = Path(place) / file.path
            path.parent.mkdir()
            path.write_text(facts)
            store.write(run_id, file, Batch(metrics=measured(metrics or {}, 0), tags=tags or {}), folder=Path(place))
    store.settle(run_id)
