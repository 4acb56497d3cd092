"""A split of the data as MLflow records it: an input of a run."""

import mlflow
from mlflow.data.code_dataset_source import CodeDatasetSource

from pipeline.data.images import ImageData
from pipeline.tracking.writes import Input


def split_input(data: ImageData, name: str) -> Input:
    """The split of this name, by shape and fingerprint; its pixels are not stored."""
    split = getattr(data, name)
    recorded = mlflow.data.from_numpy(
        split.images,
        source=CodeDatasetSource(tags={"name": data.name, "splits": name, "fingerprint": data.fingerprint}),
        targets=split.labels,
        name=data.name,
        digest=f"{data.fingerprint[:8]}-{name}",  # MLflow keeps one input for each digest
    )
    return Input(facts=recorded.to_dict(), context=name)
