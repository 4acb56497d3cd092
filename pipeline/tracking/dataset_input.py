"""A split of the data as MLflow records it: an input of a run."""

import mlflow
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.entities import Dataset, DatasetInput, InputTag
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

from pipeline.data.images import ImageData


def dataset_input(data: ImageData, context: str) -> DatasetInput:
    """The split of this name, by shape and fingerprint; its pixels are not stored."""
    split = getattr(data, context)
    recorded = mlflow.data.from_numpy(
        split.images,
        source=CodeDatasetSource(tags={"name": data.name, "splits": context, "fingerprint": data.fingerprint}),
        targets=split.labels,
        name=data.name,
        digest=f"{data.fingerprint[:8]}-{context}",  # MLflow keeps one input for each digest
    )
    return DatasetInput(Dataset.from_dictionary(recorded.to_dict()), [InputTag(MLFLOW_DATASET_CONTEXT, context)])
