"""The contents of an outbox, as they are on the disk."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pipeline.tracking.measurement import Milliseconds
from pipeline.tracking.tags import DELIVERED
from pipeline.tracking.writes import Write

RunId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
"""The id of a run, as MLflow makes one; it is the name of a folder, too."""


class Begun(BaseModel):
    """A run as it was when its outbox was made.

    Attributes:
        outbox: the id of the outbox; another machine that writes into the run has an outbox of its own.
        run_id: the id of the run, on this machine.
        here: whether the run was begun on this machine while its server did not answer, which then has another id.
        experiment, name: of the run.
        experiment_id: the id of the experiment on the server; None where the run was begun here.
        started: when it began.
        params, tags: that it had.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    outbox: RunId
    run_id: RunId
    here: bool
    experiment: str
    experiment_id: str | None = None
    name: str
    started: Milliseconds
    params: Mapping[str, str] = {}
    tags: Mapping[str, str] = {}

    @property
    def delivered_tag(self) -> str:
        """The name of the tag that counts, in the run, how many writes of this outbox it has."""
        return f"{DELIVERED}.{self.outbox}"


class Line(BaseModel):
    """A line of an outbox.

    Attributes:
        number: of the write, from 1.
        write: what is written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, ser_json_inf_nan="constants")

    number: int
    write: Write
