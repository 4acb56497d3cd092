"""The contents of a bundle: what it says of itself, and the names of the files in it."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.tracking.file_path import FilePath
from pipeline.tracking.outbox.contents import RunId

RegisteredName = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^/:'\"`]+$")]
"""The name of a model in the registry."""
HEAD = "bundle.json"
RUNS = "runs"
"""The folder with the outboxes of the runs."""
CHECKPOINTS = "checkpoints"
JOURNAL = "study.journal"
_RUN = f"{RUNS}/[0-9a-f]{{32}}"
_CHECKPOINT = f"{CHECKPOINTS}/[0-9a-f]{{32}}"
_EXPECTED = re.compile(
    rf"{HEAD}|{JOURNAL}|{_RUN}/(run\.json|writes\.jsonl|files/[0-9]+/.+)|{_CHECKPOINT}(/[\w-]+)?\.npz"
)


class Head(BaseModel):
    """What a bundle says of itself.

    Attributes:
        format: of bundles.
        runs: the ids of the runs, a parent before its children.
        champions: by the id of a run the names of which its model is the champion, with the model's description.
        begun_as: by the id of a run the id that it had where it was begun, if another.
        pages: by the id of a run the page of the MLflow UI that is prepared for its children.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: Literal[1] = 1
    runs: Sequence[RunId] = Field(min_length=1)
    champions: Mapping[RunId, Mapping[RegisteredName, str]] = {}
    begun_as: Mapping[RunId, RunId] = {}
    pages: Mapping[RunId, str] = {}


def is_expected(name: FilePath) -> bool:
    """Tell whether a bundle may have a file of this path."""
    return bool(_EXPECTED.fullmatch(name))


def run_folder(folder: Path, run_id: str) -> Path:
    """Return the folder of a run's outbox in the folder of a bundle."""
    return folder / RUNS / run_id


def checkpoint_in(folder: Path, run_id: str) -> Path:
    """Return the path of a run's checkpoint in the folder of a bundle; its snapshots are in the folder beside it."""
    return folder / CHECKPOINTS / f"{run_id}.npz"
