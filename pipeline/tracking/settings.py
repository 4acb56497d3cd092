"""Where and how runs are recorded, as a config says it."""

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from pipeline import places
from pipeline.address import Address
from pipeline.config.build import check_value
from pipeline.config.names import Config
from pipeline.config.values import Location, Positive, Text
from pipeline.tracking.first_contact import Offline
from pipeline.tracking.outbox.outbox import outboxes
from pipeline.tracking.outbox.write_behind import home_of
from pipeline.tracking.store import Store
from pipeline.tracking.store_address import is_server

Uri = Annotated[Location | None, BeforeValidator(lambda uri: uri or None)]
"""The address of an MLflow server or database; null, or a variable that is set to nothing, is the file in `mlruns/`."""


def store_of(config: Config) -> Store:
    """The store that a command's config names; one that does not answer is read from what was recorded here for it.

    Raises:
        InputError: an address that is none, a server that does not answer, a database that cannot be opened.
    """
    uri = check_value(config["tracking"]["uri"], Uri, "tracking.uri")
    return Store(uri, "auto" if uri and is_server(uri) and outboxes(home_of(Address(uri))) else "never")


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
        offline: whether a run is begun while its server does not answer: auto begins it on this machine and sends it
            once the server answers, never refuses, always does not connect at all.
    """

    uri: Uri
    experiment: Annotated[Text, Field(examples=["mnist"])]
    name: Text | None
    parent: Text | None
    tags: dict[Text, Text]
    params: dict[Name, Text]
    checkpoint_minutes: Positive | None
    offline: Offline = "auto"

    def connect(self) -> Store:
        """Open the store, checked and ready for runs.

        Raises:
            InputError: a server that does not answer, a database that cannot be opened, a folder that is not writable.
        """
        places.refuse_unwritable()
        return Store(self.uri, self.offline)


Tracking = TrackingSettings
"""The former name of the class, which stored configs still have as `_target_`."""
