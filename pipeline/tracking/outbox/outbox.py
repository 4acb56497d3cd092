"""An outbox keeps on disk what is written into a run, in its order, until the run's tracking server has it all.

Its folder has `run.json`, which names the run; `writes.jsonl`, to which each write adds one line; and `files/`, with a
folder for each write that has files. A line that has no end, and a folder without a line, are of a write that was cut
off: they count for nothing.
"""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from filelock import FileLock
from pydantic import TypeAdapter

from pipeline.errors import InputError
from pipeline.tracking.file_path import write_whole
from pipeline.tracking.outbox.contents import Begun, Line
from pipeline.tracking.outbox.lines import Lines, parsed
from pipeline.tracking.writes import Batch, File, Status, Write

log = logging.getLogger(__name__)

_HEAD = "run.json"
_FILES = "files"
_SENT_AS = "sent_as"
_ASIDE = "set_aside.json"
_REASONS = TypeAdapter(dict[int, str])


class Outbox:
    """The outbox of a run.

    Args:
        folder: in which it is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = FileLock(folder / "lock", timeout=120)
        self.lines = Lines(folder / "writes.jsonl")

    @classmethod
    def made(cls, folder: Path, begun: Begun) -> "Outbox":
        """Make the outbox of a run, unless the run has one on this machine."""
        folder.mkdir(parents=True, exist_ok=True)
        outbox = cls(folder)
        with outbox.lock:
            if not outbox.exists:
                outbox.replace_head(begun)
        return outbox

    @property
    def exists(self) -> bool:
        """Whether the run of the outbox is known; a process that was killed may have left a folder without it."""
        return (self.folder / _HEAD).exists()

    @property
    def begun(self) -> Begun:
        """The run as it was when the outbox was made.

        Raises:
            InputError: the file is damaged.
        """
        path = self.folder / _HEAD
        return parsed(str(path), Begun.model_validate_json, path.read_bytes())

    def replace_head(self, begun: Begun) -> None:
        """Replace what the outbox says of its run."""
        write_whole(self.folder / _HEAD, begun.model_dump_json())

    @property
    def sent_as(self) -> str | None:
        """The id of the run on its server; None where the run was begun here and the server does not have it yet."""
        begun = self.begun
        if not begun.here:
            return begun.run_id
        path = self.folder / _SENT_AS
        return path.read_text() if path.exists() else None

    @sent_as.setter
    def sent_as(self, run_id: str) -> None:
        write_whole(self.folder / _SENT_AS, run_id)

    @property
    def is_over(self) -> bool:
        """Whether the run is finished, so that nobody goes on with it."""
        return self.lines.status == "FINISHED"

    def clear(self, done: int) -> bool:
        """Remove so many writes, which the server has; of a run that was begun here its id on the server is kept.

        Returns:
            Whether they were removed; not if more was written at this instant.
        """
        with self.lock:
            if self.lines.count != done:
                return False
            begun = self.begun
            if not begun.here:
                shutil.rmtree(self.folder)
                return True
            # Another outbox by its id, as the server counts the writes of each.
            self.replace_head(begun.model_copy(update={"outbox": uuid4().hex}))
            self.lines.path.unlink(missing_ok=True)
            (self.folder / _ASIDE).unlink(missing_ok=True)
            shutil.rmtree(self.folder / _FILES, ignore_errors=True)
        return True

    def append(self, *writes: Write, folder: Path = Path()) -> bool:
        """Add writes, and copy the files that belong to them from the folder in which they are.

        Epochs and states are on the disk when this returns, also if the machine loses its power then.

        Returns:
            Whether they were added; not if another process has cleared the outbox at this instant.

        Raises:
            OSError: the disk is full.
        """
        with self.lock:
            if not self.exists:
                return False
            count = self.lines.count
            lines = [Line(number=count + place, write=each) for place, each in enumerate(writes, start=1)]
            for line in lines:
                home = self.files_of(line.number)
                shutil.rmtree(home, ignore_errors=True)  # of a write that was cut off
                for path in line.write.files:
                    (home / path).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(folder / path, home / path)
            durable = any(isinstance(each, Status) or (isinstance(each, Batch) and each.metrics) for each in writes)
            self.lines.add(lines, durable=durable)
            for line in lines:
                self._drop_replaced(line)
        return True

    def _drop_replaced(self, line: Line) -> None:
        """Remove the file of earlier writes that a write replaces."""
        if isinstance(line.write, File) and line.write.replaces:
            for folder in (self.folder / _FILES).iterdir():
                if folder.name != str(line.number):
                    (folder / line.write.path).unlink(missing_ok=True)

    @property
    def set_aside(self) -> dict[int, str]:
        """Why the server did not take a file, by the number of the write; the writes after it were sent all the same.

        Raises:
            InputError: the list is damaged.
        """
        path = self.folder / _ASIDE
        try:
            return parsed(str(path), _REASONS.validate_json, path.read_bytes())
        except FileNotFoundError:
            return {}

    @set_aside.setter
    def set_aside(self, reasons: dict[int, str]) -> None:
        write_whole(self.folder / _ASIDE, _REASONS.dump_json(reasons).decode())

    @contextmanager
    def delivering(self) -> Iterator[None]:
        """A block in which no other process of this machine delivers the outbox.

        Raises:
            Timeout: another does so now.
        """
        with FileLock(self.folder / "delivery.lock", timeout=0):
            yield

    def files_of(self, number: int) -> Path:
        """Return the folder with the files of a write."""
        return self.folder / _FILES / str(number)

    def bytes_of(self, number: int) -> int:
        """Return how many bytes the files of a write have."""
        size = 0
        for path in self.files_of(number).rglob("*"):
            with suppress(FileNotFoundError):  # a later one has replaced it
                size += path.stat().st_size
        return size


def outboxes(home: Path) -> list[Outbox]:
    """The outboxes in a folder, a parent's before those of its children; damaged ones are left out, with a warning."""
    started: dict[Outbox, int] = {}
    for outbox in map(Outbox, home.glob("*/")):
        try:
            if outbox.exists:
                started[outbox] = outbox.begun.started
        except FileNotFoundError:  # another process has cleared it
            continue
        except InputError as error:
            log.warning(str(error))
    return sorted(started, key=started.__getitem__)
