"""The sending of an outbox to its server, which sets aside a file that the server does not take, and goes on."""

import time
from collections.abc import Iterator

from mlflow.tracking import MlflowClient

from pipeline.text.wording import first_line
from pipeline.tracking.outbox.contents import Line
from pipeline.tracking.outbox.delivery import Delivery
from pipeline.tracking.outbox.lines import Lines
from pipeline.tracking.outbox.outbox import Outbox
from pipeline.tracking.storage_error import is_of_storage
from pipeline.tracking.writes import Batch, File, Model, Registration, Removal

PAUSE = 60.0
"""Seconds after which files that were set aside are tried again, at the earliest, while their run goes on."""


class Sending(Delivery):
    """The delivery of an outbox to its server.

    A server whose storage of files is out of order, or that takes no file of such a size, takes what is no file.

    Args:
        outbox: whose writes are sent.
        client: of the server.
        run_id: the id of the run there.

    Attributes:
        size: bytes of the files of the write that is on its way.
        began: when that write was begun, on the monotonic clock; None while none is on its way.
    """

    def __init__(self, outbox: Outbox, client: MlflowClient, run_id: str) -> None:
        super().__init__(outbox, client, run_id)
        self.size = 0
        self.began: float | None = None
        self._tried_at = float("-inf")

    def go_on(self) -> Iterator[int]:
        """Apply the writes that the run does not have yet, and give the number of each that it has then.

        Files that were set aside are tried again at the end.

        Raises:
            InputError: the outbox is damaged.
            MlflowException: the server does not answer, or refuses a write that is no file.
        """
        yield from super().go_on()
        is_over = self.outbox.lines.status not in ("", "RUNNING")
        if self.outbox.set_aside and (is_over or time.monotonic() > self._tried_at + PAUSE):
            yield from self._try_again()

    def apply(self, line: Line) -> None:
        """Apply a write to the run, or set it aside if it is a file that the server does not take."""
        reason = self._refusal(line)
        if reason:
            self._tried_at = time.monotonic()
            self.outbox.set_aside = self.outbox.set_aside | {line.number: reason}

    def _refusal(self, line: Line) -> str | None:
        """Apply a write, and tell why the server did not take it, if it has files; of others the error is raised."""
        self.size = self.outbox.bytes_of(line.number)
        self.began = time.monotonic()
        try:
            super().apply(line)
        except Exception as error:
            if not (isinstance(line.write, File | Model) and is_of_storage(error)):
                raise
            self.client.get_run(self.run_id)  # which raises, too, where the server does not answer at all
            what = line.write.path if isinstance(line.write, File) else "the model"
            return f"{what}: {first_line(error)}"
        finally:
            self.began = None
        return None

    def _try_again(self) -> Iterator[int]:
        self._tried_at = time.monotonic()
        lines = {line.number: line for line in Lines(self.outbox.lines.path).after(0) if line.number <= self.done}
        for number in sorted(self.outbox.set_aside.keys()):
            line = lines.get(number)
            later = [each for each in lines.values() if each.number > number]
            if line and not any(_replaces(each.write, line.write) for each in later):
                reason = self._refusal(line)
                if reason:
                    self.outbox.set_aside = self.outbox.set_aside | {number: reason}
                    continue
                for each in later if isinstance(line.write, Model) else []:
                    if isinstance(each.write, Registration) or (isinstance(each.write, Batch) and each.write.of_model):
                        each.write.apply(self.client, self.run_id, self.outbox.folder)  # which found no model before
            self.outbox.set_aside = {key: why for key, why in self.outbox.set_aside.items() if key != number}
            yield self.done


def _replaces(later: object, write: object) -> bool:
    """Tell whether a write makes it needless to store the file of an earlier one."""
    if not isinstance(write, File):
        return False
    return (isinstance(later, File) and later.path == write.path) or (
        isinstance(later, Removal) and write.path.startswith(f"{later.path}/")
    )
