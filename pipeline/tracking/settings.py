"""Where and how runs are recorded, as a config says it."""

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from pipeline.config.build import check_value
from pipeline.config.names import Config
from pipeline.config.values import Location, Positive, Text
from pipeline.tracking.store import Store

Uri = Annotated[Location | None, BeforeValidator(lambda uri: uri or None)]
"""The address of an MLflow server or database; null, or a variable that is set to nothing, is the file in `mlruns/`."""


def store_of(config: Config) -> Store:
    """The store that a command's config names.

    Raises:
        InputError: an address that is none, a server that does not answer, a database that cannot be opened.
    """
    return Store(check_value(config["tracking"]["uri"], Uri, "tracking.uri"))


def _recordable(name: str) -> str:
    if not re.fullmatch(r"[\w.: -]+(/[\w.: -]+)*", name):
        raise ValueError("names of letters, digits and _ . : - alone, which is what MLflow records")
    return name


Name = Annotated[Text, AfterValidator(_recordable), Field(max_length=250)]
"""The name of a parameter of a run."""


@dataclass(frozen=True, kw_only=True)
class TrackingSettings:
    """Where and how runs are recorded.

    Attributes:
        uri: of an MLflow server or database; null is the file in `mlruns/`.
        experiment: the MLflow experiment that the run joins.
        name: of the run; null says what differs from the default.
        parent: id of the run that the run is a child of; null for none.
        tags: of the run, to find it by.
        params: of the run, beside its settings, to compare it by.
        checkpoint_minutes: minutes between two sendings of a training's checkpoint to a server; null sends it only when
            the training is interrupted.
    """

    uri: Uri
    experiment: Annotated[Text, Field(examples=["mnist"])]
    name: Text | None
    parent: Text | None
    tags: dict[Text, Text]
    params: dict[Name, Text]
    checkpoint_minutes: Positive | None

    def connect(self) -> Store:
        """Open the store, checked and ready for runs.

        Raises:
            InputError: a server that does not answer, a database that cannot be opened.
        """
        return Store(self.uri)


Tracking = TrackingSettings
"""The former name of the class, which stored configs still have as `_target_`."""
