"""The prepared page of a run's children, carried from one store to another."""

import zlib
from base64 import b64decode, b64encode

from pipeline.errors import InputError
from pipeline.tracking.links import in_experiment
from pipeline.tracking.store import Store
from pipeline.tracking.tags import NOTE
from pipeline.tracking.ui.prepared_page import PACKED, VIEW
from pipeline.tracking.writes import ExperimentTag

LONGEST = 1_000_000
"""Bytes of a page, unpacked: one that MLflow stores is shorter by far."""


def page_of(store: Store, run_id: str) -> str | None:
    """The page that was prepared for the children of a run, as it is stored; None if there is none."""
    experiment = store.client.get_experiment(store.run(run_id).info.experiment_id)
    page = experiment.tags.get(f"{VIEW}.{run_id}")
    return str(page) if page else None


def check_page(page: str) -> None:
    """Raise InputError unless a text is a prepared page, of a size that MLflow stores."""
    _unpacked(page)


def bring_page(store: Store, page: str, former: str, run_id: str) -> None:
    """Store the page of a run that has come from another store, where it had another id perhaps.

    Args:
        store: that has the run now.
        page: as it was stored.
        former: the id of the run in that other store.
        run_id: its id now.
    """
    text = _unpacked(page).replace(former.encode(), run_id.encode())
    packed = f"{PACKED}{b64encode(zlib.compress(text)).decode()}"
    store.write(run_id, ExperimentTag(name=f"{VIEW}.{run_id}", value=packed))


def bring_description(store: Store, run_id: str, experiment_id: str, former: str) -> None:
    """Have the addresses in the description of a run lead to its own pages, if it was written in another store.

    Args:
        store: that has the run now.
        run_id: the id of the run.
        experiment_id: the id of its experiment.
        former: the id of the run in that other store.
    """
    before = store.run(run_id).data.tags.get(NOTE, "")
    after = in_experiment(before, experiment_id, former).replace(former, run_id)
    if after != before:
        store.set_tags(run_id, {NOTE: after})


def _unpacked(page: str) -> bytes:
    try:
        stream = zlib.decompressobj()
        text = stream.decompress(b64decode(page.removeprefix(PACKED), validate=True), LONGEST)
        if not page.startswith(PACKED) or not stream.eof:
            raise ValueError("it is no text of that kind, or a long one")
    except (ValueError, zlib.error) as error:
        raise InputError(f"The page that is prepared for the runs is damaged ({error})") from error
    return text
