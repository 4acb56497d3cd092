"""The lines of an outbox: a file to which each write adds one, and which is read again from where it was left."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from pipeline.errors import InputError
from pipeline.tracking.outbox.contents import Line

_Content = TypeVar("_Content")
_STATUS = re.compile(rb'"kind":"status","status":"([A-Z]+)"')


class Lines:
    """A file of lines, of which the last one counts for nothing while it has no end.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._forget()

    def _forget(self) -> None:
        self._size = 0  # of the lines that were counted
        self._count = 0
        self._status = ""  # that the last of them set
        self._given = (0, 0)  # number and end of the last line that was given

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def count(self) -> int:
        """How many lines there are."""
        self._look()
        return self._count

    @property
    def status(self) -> str:
        """The state that the last write of one has set; empty if there is none."""
        self._look()
        return self._status

    def add(self, lines: Sequence[Line], *, durable: bool) -> None:
        """Add lines, in place of one that has no end; durable ones are on the disk when this returns."""
        self._look()
        with open(self.path, "ab") as file:
            file.truncate(self._size)
            file.write(b"".join(line.model_dump_json().encode() + b"\n" for line in lines))
            file.flush()
            if durable:
                os.fsync(file.fileno())

    def after(self, number: int) -> Iterator[Line]:
        """Give the lines after the one of this number.

        Raises:
            InputError: a line is damaged.
        """
        self._look()
        at, end = self._given if self._given[0] <= number else (0, 0)
        if not self.path.exists():
            return
        with open(self.path, "rb") as file:
            file.seek(end)
            for text in file:
                if not text.endswith(b"\n"):
                    return
                at, end = at + 1, end + len(text)
                if at > number:
                    line = parsed(f"{self.path}, line {at}", Line.model_validate_json, text)
                    if line.number != at:
                        raise InputError(f"{self.path}, line {at}, has the number {line.number}: a line is missing")
                    self._given = (at, end)
                    yield line

    def _look(self) -> None:
        """Count the lines that were added since the last time."""
        if self.size < self._size:  # another process has cleared the outbox
            self._forget()
        if not self.path.exists():
            return
        with open(self.path, "rb") as file:
            file.seek(self._size)
            for text in file:
                if not text.endswith(b"\n"):
                    return
                self._size += len(text)
                self._count += 1
                if status := _STATUS.search(text):
                    self._status = status[1].decode()


def parsed(place: str, parse: Callable[[bytes], _Content], text: bytes) -> _Content:
    """Parse a file, or a part of it.

    Raises:
        InputError: it is damaged, with its place.
    """
    try:
        return parse(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(
            f"{place} is damaged, or not of this version ({where}: {first['msg']}). Put a copy of the folder back, or "
            "remove the folder: what is in it is then lost"
        ) from error
