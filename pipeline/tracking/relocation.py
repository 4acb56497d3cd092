"""The place of artifacts in a database file that was moved or copied together with them."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pipeline.address import Address
from pipeline.tracking.database import ANSWER_TIMEOUT, artifacts_beside, file_at

log = logging.getLogger(__name__)

PLACES = {
    "experiments": ("artifact_location",),
    "runs": ("artifact_uri",),
    "logged_models": ("artifact_location",),
    "model_versions": ("source", "storage_location"),
}
"""Columns in which MLflow writes absolute places of artifacts, by their table."""


def relocate(uri: Address) -> None:
    """Let a database file point to the artifacts beside it, if it points to where they were before, and say so.

    A former place counts as such where folders of its runs lie beside the database now: whoever keeps artifacts
    elsewhere on purpose finds them there still.

    Args:
        uri: of the tracking store; of a server nothing is done.
    """
    file = file_at(uri)
    here = artifacts_beside(uri)
    if file is None or here is None:
        return
    with closing(sqlite3.connect(file, timeout=ANSWER_TIMEOUT)) as database, database:
        rows = database.execute("SELECT DISTINCT artifact_location FROM experiments").fetchall()
        for (before,) in rows:
            if before and before != here and not _is_same(before, here) and (runs := _moved(database, before, here)):
                _rewrite(database, before, here)
                log.warning(
                    f"{runs:,} {'run was' if runs == 1 else 'runs were'} found beside the database, which still named "
                    f"their former place: {before} is now {here}"
                )


def _moved(database: sqlite3.Connection, before: str, here: str) -> int:
    """Count the runs that are recorded below `before` and have their folder below `here`."""
    places = database.execute("SELECT artifact_uri FROM runs WHERE substr(artifact_uri, 1, ?) = ?", _prefix(before))
    return sum(_path(here + place.removeprefix(before)).exists() for (place,) in places)


def _rewrite(database: sqlite3.Connection, before: str, here: str) -> None:
    for table, columns in PLACES.items():
        for column in columns:
            database.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",
                (here, len(before) + 1, *_prefix(before)),
            )
    database.execute("UPDATE experiments SET artifact_location = ? WHERE artifact_location = ?", (here, before))


def _prefix(place: str) -> tuple[int, str]:
    return len(place) + 1, f"{place}/"


def _is_same(before: str, here: str) -> bool:
    """Tell whether two paths lead to the same folder."""
    return _path(before).exists() and _path(here).exists() and _path(before).samefile(_path(here))


def _path(place: str) -> Path:
    return Path(unquote(urlsplit(place).path))
